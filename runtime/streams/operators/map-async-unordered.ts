import assert from "node:assert/strict";
import type { Attributes, GraphStage } from "../graph-stage.ts";
import { flowStage } from "../linear-stage.ts";
import { Ring } from "../ring.ts";
import type { FlowShape } from "../shape.ts";
import { SupervisedLogic } from "../supervised-stage.ts";

import { type Eventually, isPromise, PromiseCallbacks } from "./promise-result.ts";

/**
 * Changes each element by a function that may take its time, in any order.
 *
 * Emits:         what `change(element)` gives or resolves with, as soon as it is there; undefined and null are left out.
 * Backpressures: when `parallelism` elements are under way or wait for downstream.
 * Completes:     when upstream completed and all is emitted.
 * Cancels:       when downstream cancels; what is under way goes on and its result is dropped.
 * State:         up to `parallelism` results.
 * Delivery:      at most one out for one in; supervised where `change` throws or a promise rejects.
 *
 * @param parallelism At least 1.
 * @see Pekko, `mapAsyncUnordered`
 */
export function mapAsyncUnordered<In, Out>(
  parallelism: number,
  change: (element: In) => Eventually<Out>,
): GraphStage<FlowShape<In, Out>> {
  assert(Number.isInteger(parallelism) && parallelism >= 1, "at least one element is under way");
  return flowStage<In, Out>(
    "mapAsyncUnordered",
    (shape, attributes) => new MapAsyncUnorderedLogic(shape, attributes, parallelism, change),
  );
}

class MapAsyncUnorderedLogic<In, Out> extends SupervisedLogic<In, Out> {
  readonly #parallelism: number;
  readonly #change: (element: In) => Eventually<Out>;
  readonly #ready: Ring<Out>;
  readonly #callbacks: PromiseCallbacks<undefined, Out>;
  #underWay = 0;

  constructor(
    shape: FlowShape<In, Out>,
    attributes: Attributes,
    parallelism: number,
    change: (element: In) => Eventually<Out>,
  ) {
    super(shape, attributes);
    this.#parallelism = parallelism;
    this.#change = change;
    this.#ready = new Ring(parallelism);
    this.#callbacks = new PromiseCallbacks(
      this,
      (_, value) => {
        this.#underWay -= 1;
        this.#take(value);
        this.#goOn();
      },
      (_, thrown) => {
        this.#underWay -= 1;
        this.decide(thrown);
        this.#goOn();
      },
    );
  }

  override preStart(): void {
    this.pull(this.in);
  }

  onPush(): void {
    const element = this.grab(this.in);
    try {
      const result = this.#change(element);
      if (isPromise(result)) {
        this.#underWay += 1;
        this.#callbacks.await(result, undefined);
      } else this.#take(result);
    } catch (thrown) {
      this.decide(thrown);
    }
    this.#goOn();
  }

  override onPull(): void {
    const result = this.#ready.shift();
    if (result !== undefined) this.push(this.out, result);
    this.#goOn();
  }

  onUpstreamFinish(): void {
    this.#goOn();
  }

  #take(result: Out): void {
    if (result === undefined || result === null) return;
    // Downstream waits only while no result does.
    if (this.isAvailable(this.out)) this.push(this.out, result);
    else this.#ready.push(result);
  }

  #goOn(): void {
    const used = this.#underWay + this.#ready.size;
    if (used < this.#parallelism) this.pullUnlessPulled();
    if (used === 0 && this.isClosed(this.in)) this.completeStage();
  }
}
