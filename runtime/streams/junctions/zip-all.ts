import assert from "node:assert/strict";
import { type Attributes, GraphStage, GraphStageLogic, type Inlet, Outlet } from "../graph-stage.ts";
import { TupleFanInShape } from "./tuple-fan-in-shape.ts";

/**
 * Pairs the elements of several streams, to the end of the longest.
 *
 * Emits:         an array of the next element of every inlet, by index, once all that go on have one; for those that have completed,
 *                what `fillers` has at their index.
 * Backpressures: when downstream does, or any inlet that goes on has no element.
 * Completes:     when every upstream has completed and its last element is used.
 * Cancels:       when downstream cancels. A failure of any upstream fails it.
 * State:         one element an inlet, in its port.
 * Delivery:      each element in one array.
 *
 * @see Pekko, `zipAll`
 */
export class ZipAll<Ins extends readonly unknown[]> extends GraphStage<TupleFanInShape<Ins, Ins>> {
  override readonly name = "zipAll";
  readonly shape: TupleFanInShape<Ins, Ins>;
  readonly #fillers: Ins;

  /** @param fillers One for each inlet, of which there is at least 1. */
  constructor(fillers: Ins) {
    super();
    assert(fillers.length >= 1, "there is at least one stream to pair");
    this.#fillers = fillers;
    this.shape = new TupleFanInShape<Ins, Ins>(this.name, fillers.length, new Outlet<Ins>("zipAll.out"));
  }

  createLogic(_attributes: Attributes): GraphStageLogic {
    return new ZipAllLogic<Ins>(this.shape, this.#fillers);
  }
}

class ZipAllLogic<Ins extends readonly unknown[]> extends GraphStageLogic {
  readonly #ins: readonly Inlet<unknown>[];
  readonly #out: Outlet<Ins>;
  readonly #fillers: Ins;

  constructor(shape: TupleFanInShape<Ins, Ins>, fillers: Ins) {
    super(shape);
    this.#ins = shape.inlets;
    this.#out = shape.out;
    this.#fillers = fillers;
    const step = () => this.onPull();
    for (const inlet of this.#ins) this.setHandler(inlet, { onPush: step, onUpstreamFinish: step });
    this.setHandler(shape.out, this);
  }

  override preStart(): void {
    for (const inlet of this.#ins) this.tryPull(inlet);
  }

  onPull(): void {
    const held = this.#ins.filter((inlet) => this.isAvailable(inlet));
    if (held.length === 0) {
      if (this.#ins.every((inlet) => this.isClosed(inlet))) this.completeStage();
      return;
    }
    if (!this.isAvailable(this.#out)) return;
    if (this.#ins.some((inlet) => !this.isAvailable(inlet) && !this.isClosed(inlet))) return;
    const row = this.#ins.map((inlet, index) => (held.includes(inlet) ? this.grab(inlet) : this.#fillers[index]));
    for (const inlet of held) this.tryPull(inlet);
    this.push(this.#out, row as unknown as Ins);
    if (this.#ins.every((inlet) => this.isClosed(inlet))) this.completeStage();
  }
}
