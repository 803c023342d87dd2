import assert from "node:assert/strict";
import { type Attributes, GraphStage, GraphStageLogic, type Inlet, Outlet, type Shape } from "../graph-stage.ts";
import { TupleFanInShape } from "./tuple-fan-in-shape.ts";

/**
 * Puts the elements of several streams together, one of each.
 *
 * Emits:         `combine` of the next element of every inlet, once all have one.
 * Backpressures: when downstream does, or any inlet has no element: the fast ones wait for the slow.
 * Completes:     when any upstream has completed and its last element is used.
 * Cancels:       when downstream cancels. A failure of any upstream fails it.
 * State:         one element an inlet, in its port.
 * Delivery:      one out for one of each; elements left over at the end are dropped. Fails where `combine` throws.
 */
export class ZipWith<Ins extends readonly unknown[], Out> extends GraphStage<TupleFanInShape<Ins, Out>> {
  override readonly name = "zipWith";
  /** Takes one from elsewhere for each of the cycle; the cycle needs a first element. */
  override readonly boundsCycles = true;
  readonly shape: TupleFanInShape<Ins, Out>;
  readonly #combine: (...elements: Ins) => Out;

  /** @param inputs As many as `combine` takes, at least 1. */
  constructor(inputs: Ins["length"], combine: (...elements: Ins) => Out) {
    super();
    assert(Number.isInteger(inputs) && inputs >= 1, "there is at least one stream to put together");
    this.shape = new TupleFanInShape<Ins, Out>(this.name, inputs, new Outlet<Out>("zipWith.out"));
    this.#combine = combine;
  }

  createLogic(_attributes: Attributes): GraphStageLogic {
    const combine = this.#combine;
    return new ZipLogic(this.shape, this.shape.out, (elements) => combine(...(elements as unknown as Ins)));
  }
}

/** Waits for an element at every inlet, then makes one of them. */
export class ZipLogic<Out> extends GraphStageLogic {
  readonly #ins: readonly Inlet<unknown>[];
  readonly #out: Outlet<Out>;
  readonly #combine: (elements: unknown[]) => Out;

  constructor(shape: Shape, out: Outlet<Out>, combine: (elements: unknown[]) => Out) {
    super(shape);
    this.#ins = shape.inlets;
    this.#out = out;
    this.#combine = combine;
    for (const inlet of this.#ins) {
      this.setHandler(inlet, {
        onPush: () => this.onPull(),
        onUpstreamFinish: () => {
          if (!this.isAvailable(inlet)) this.completeStage();
        },
      });
    }
    this.setHandler(out, this);
  }

  override preStart(): void {
    for (const inlet of this.#ins) this.tryPull(inlet);
  }

  onPull(): void {
    if (!this.isAvailable(this.#out) || !this.#ins.every((inlet) => this.isAvailable(inlet))) return;
    this.push(this.#out, this.#combine(this.#ins.map((inlet) => this.grab(inlet))));
    if (this.#ins.some((inlet) => this.isClosed(inlet))) this.completeStage();
    else for (const inlet of this.#ins) this.pull(inlet);
  }
}
