import assert from "node:assert/strict";
import type { Attributes, GraphStage } from "../graph-stage.ts";
import { flowStage } from "../linear-stage.ts";
import type { FlowShape } from "../shape.ts";
import { SupervisedLogic } from "../supervised-stage.ts";
import { type Eventually, isPromise } from "./promise-result.ts";

/**
 * Changes each element by a function that may take its time.
 *
 * Emits:         what `change(element)` gives or resolves with, in the order of the elements; undefined and null are left out.
 * Backpressures: when `parallelism` elements are under way or wait for an earlier one or for downstream.
 * Completes:     when upstream completed and all is emitted.
 * Cancels:       when downstream cancels; what is under way goes on and its result is dropped.
 * State:         `parallelism` slots. A result that is no promise costs no promise.
 * Delivery:      at most one out for one in; supervised where `change` throws or a promise rejects: a failure comes at once, before
 *                earlier elements are emitted.
 *
 * @param parallelism At least 1.
 * @see Pekko, `mapAsync`
 */
export function mapAsync<In, Out>(
  parallelism: number,
  change: (element: In) => Eventually<Out>,
): GraphStage<FlowShape<In, Out>> {
  assert(Number.isInteger(parallelism) && parallelism >= 1, "at least one element is under way");
  return flowStage<In, Out>(
    "mapAsync",
    (shape, attributes) => new MapAsyncLogic(shape, attributes, parallelism, change),
  );
}

/** One element under way. Made once; its two handlers serve every promise that passes through. */
class Slot<Out> {
  done = false;
  result: Out | undefined;
  readonly onValue: (value: Out) => void;
  readonly onError: (error: unknown) => void;

  constructor(onDone: (slot: Slot<Out>) => void, onError: (failed: Failed<Out>) => void) {
    this.onValue = (value) => {
      this.result = value;
      this.done = true;
      onDone(this);
    };
    this.onError = (thrown) => onError({ slot: this, thrown });
  }
}

interface Failed<Out> {
  readonly slot: Slot<Out>;
  readonly thrown: unknown;
}

class MapAsyncLogic<In, Out> extends SupervisedLogic<In, Out> {
  readonly #parallelism: number;
  readonly #change: (element: In) => Eventually<Out>;
  readonly #slots: Slot<Out>[] = [];
  #head = 0;
  #used = 0;

  constructor(
    shape: FlowShape<In, Out>,
    attributes: Attributes,
    parallelism: number,
    change: (element: In) => Eventually<Out>,
  ) {
    super(shape, attributes);
    this.#parallelism = parallelism;
    this.#change = change;
    const onDone = this.getAsyncCallback((slot: Slot<Out>) => {
      if (slot === this.#slots[this.#head]) this.#emitReady();
    });
    const onError = this.getAsyncCallback(({ slot, thrown }: Failed<Out>) => {
      this.decide(thrown);
      // Without a result: left out when its turn comes.
      slot.done = true;
      if (slot === this.#slots[this.#head]) this.#emitReady();
    });
    for (let index = 0; index < parallelism; index += 1) this.#slots.push(new Slot(onDone, onError));
  }

  override preStart(): void {
    this.pull(this.in);
  }

  onPush(): void {
    const slot = this.#slots[(this.#head + this.#used) % this.#parallelism] as Slot<Out>;
    const element = this.grab(this.in);
    try {
      const result = this.#change(element);
      this.#used += 1;
      if (isPromise(result)) {
        slot.done = false;
        result.then(slot.onValue, slot.onError);
      } else {
        slot.result = result;
        slot.done = true;
        if (this.#used === 1) this.#emitReady();
      }
    } catch (thrown) {
      this.decide(thrown);
    }
    this.#askForMore();
  }

  override onPull(): void {
    this.#emitReady();
    this.#askForMore();
  }

  onUpstreamFinish(): void {
    if (this.#used === 0) this.completeStage();
  }

  /** Emits the oldest result if it is there and wanted; drops those that are no element. */
  #emitReady(): void {
    while (this.#used > 0 && this.isAvailable(this.out)) {
      const slot = this.#slots[this.#head] as Slot<Out>;
      if (!slot.done) break;
      const { result } = slot;
      slot.result = undefined;
      this.#head = (this.#head + 1) % this.#parallelism;
      this.#used -= 1;
      if (result !== undefined && result !== null) this.push(this.out, result);
    }
    if (this.isClosed(this.in)) {
      if (this.#used === 0) this.completeStage();
    } else this.#askForMore();
  }

  #askForMore(): void {
    if (this.#used < this.#parallelism && !this.isClosed(this.in) && !this.hasBeenPulled(this.in)) this.pull(this.in);
  }
}
