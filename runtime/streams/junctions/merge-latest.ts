import assert from "node:assert/strict";
import { type Attributes, GraphStage, GraphStageLogic, Inlet, Outlet } from "../graph-stage.ts";
import { Ring } from "../ring.ts";
import { FanInShape } from "../shape.ts";

/**
 * Gives the newest element of every stream whenever one of them changes.
 *
 * Emits:         an array of the newest element of each inlet, by index, for each element of any, once each inlet has given one.
 * Backpressures: when downstream does.
 * Completes:     when every upstream has completed; with `eagerComplete` when any has, and what waits is dropped.
 * Cancels:       when downstream cancels. A failure of any upstream fails it.
 * State:         the newest element of each inlet, and one that waits in its port.
 * Delivery:      one array for one element; elements that come before each inlet has given one only replace one another.
 */
export class MergeLatest<T> extends GraphStage<FanInShape<T, T[]>> {
  override readonly name = "mergeLatest";
  readonly shape: FanInShape<T, T[]>;
  readonly #eagerComplete: boolean;

  /** @param inputs At least 1. */
  constructor(inputs = 2, eagerComplete = false) {
    super();
    assert(Number.isInteger(inputs) && inputs >= 1, "there is at least one stream to join");
    const ins = Array.from({ length: inputs }, (_, index) => new Inlet<T>(`mergeLatest.in${index}`));
    this.shape = new FanInShape(ins, new Outlet<T[]>("mergeLatest.out"));
    this.#eagerComplete = eagerComplete;
  }

  createLogic(_attributes: Attributes): GraphStageLogic {
    return new MergeLatestLogic(this.shape, this.#eagerComplete);
  }
}

class MergeLatestLogic<T> extends GraphStageLogic {
  readonly #shape: FanInShape<T, T[]>;
  readonly #latest: (T | undefined)[];
  /** Inlets whose element waits, in order of arrival. */
  readonly #ready: Ring<Inlet<T>>;
  /** Inlets that have given nothing yet. */
  #missing: number;

  constructor(shape: FanInShape<T, T[]>, eagerComplete: boolean) {
    super(shape);
    this.#shape = shape;
    this.#latest = shape.ins.map(() => undefined);
    this.#ready = new Ring(shape.ins.length);
    this.#missing = shape.ins.length;
    for (const inlet of shape.ins) {
      this.setHandler(inlet, {
        onPush: () => {
          if (this.isAvailable(shape.out)) this.#take(inlet);
          else this.#ready.push(inlet);
        },
        onUpstreamFinish: () => {
          if (eagerComplete) this.completeStage();
          else this.#completeIfDone();
        },
      });
    }
    this.setHandler(shape.out, this);
  }

  onPull(): void {
    for (const inlet of this.#shape.ins) {
      if (!this.isClosed(inlet) && !this.hasBeenPulled(inlet) && !this.isAvailable(inlet)) this.pull(inlet);
    }
    const inlet = this.#ready.shift();
    if (inlet === undefined) return;
    this.#take(inlet);
    this.#completeIfDone();
  }

  #take(inlet: Inlet<T>): void {
    if (this.#latest[inlet.id] === undefined) this.#missing -= 1;
    this.#latest[inlet.id] = this.grab(inlet);
    if (this.#missing === 0) this.push(this.#shape.out, [...this.#latest] as T[]);
    else this.tryPull(inlet);
  }

  #completeIfDone(): void {
    if (this.#ready.size === 0 && this.#shape.ins.every((inlet) => this.isClosed(inlet))) this.completeStage();
  }
}
