import assert from "node:assert/strict";
import { type Attributes, GraphStage, GraphStageLogic, type Inlet, Outlet } from "../graph-stage.ts";
import { TupleFanInShape } from "./tuple-fan-in-shape.ts";

/**
 * Puts the newest elements of several streams together; the slow ones are used again.
 *
 * Emits:         an array of the newest element of every inlet, by index, when downstream asks and at least one is new.
 * Backpressures: when downstream does, until every inlet has given one, and until one is new.
 * Completes:     when any upstream has completed and its last element is used; without `eagerComplete` when all have, or one that
 *                gave nothing has.
 * Cancels:       when downstream cancels. A failure of any upstream fails it.
 * State:         the newest element of each inlet, and one that waits in its port.
 * Delivery:      each element in at least one array, save those left over at the end.
 */
export class ZipLatest<Ins extends readonly unknown[]> extends GraphStage<TupleFanInShape<Ins, Ins>> {
  override readonly name = "zipLatest";
  readonly shape: TupleFanInShape<Ins, Ins>;
  readonly #eagerComplete: boolean;

  /** @param inputs As many as `Ins` has, at least 1. */
  constructor(inputs: Ins["length"], eagerComplete = true) {
    super();
    assert(Number.isInteger(inputs) && inputs >= 1, "there is at least one stream to put together");
    this.shape = new TupleFanInShape<Ins, Ins>(this.name, inputs, new Outlet<Ins>("zipLatest.out"));
    this.#eagerComplete = eagerComplete;
  }

  createLogic(_attributes: Attributes): GraphStageLogic {
    return new ZipLatestLogic<Ins>(this.shape, this.#eagerComplete);
  }
}

class ZipLatestLogic<Ins extends readonly unknown[]> extends GraphStageLogic {
  readonly #ins: readonly Inlet<unknown>[];
  readonly #out: Outlet<Ins>;
  readonly #latest: unknown[];
  readonly #eagerComplete: boolean;

  constructor(shape: TupleFanInShape<Ins, Ins>, eagerComplete: boolean) {
    super(shape);
    this.#ins = shape.inlets;
    this.#out = shape.out;
    this.#latest = shape.inlets.map(() => undefined);
    this.#eagerComplete = eagerComplete;
    for (const inlet of this.#ins) {
      this.setHandler(inlet, { onPush: () => this.onPull(), onUpstreamFinish: () => this.#completeIfDone() });
    }
    this.setHandler(shape.out, this);
  }

  override preStart(): void {
    for (const inlet of this.#ins) this.tryPull(inlet);
  }

  onPull(): void {
    if (!this.isAvailable(this.#out)) return;
    const fresh = this.#ins.filter((inlet) => this.isAvailable(inlet));
    if (fresh.length === 0) return;
    if (this.#ins.some((inlet) => this.#latest[inlet.id] === undefined && !this.isAvailable(inlet))) return;
    for (const inlet of fresh) {
      this.#latest[inlet.id] = this.grab(inlet);
      this.tryPull(inlet);
    }
    this.push(this.#out, [...this.#latest] as unknown as Ins);
    this.#completeIfDone();
  }

  #completeIfDone(): void {
    const over = (inlet: Inlet<unknown>) => this.isClosed(inlet) && !this.isAvailable(inlet);
    const ended = this.#eagerComplete
      ? this.#ins.some(over)
      : this.#ins.every(over) || this.#ins.some((inlet) => over(inlet) && this.#latest[inlet.id] === undefined);
    if (ended) this.completeStage();
  }
}
