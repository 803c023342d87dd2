import assert from "node:assert/strict";
import { type Attributes, GraphStage, GraphStageLogic, Inlet, Outlet } from "../graph-stage.ts";
import { Ring } from "../ring.ts";
import { FanInShape } from "../shape.ts";

/**
 * Joins several streams as their elements come.
 *
 * Emits:         each element of each inlet, in order of arrival; inlets that have one take turns.
 * Backpressures: when downstream does.
 * Completes:     when every upstream has completed.
 * Cancels:       when downstream cancels. A failure of any upstream fails it.
 * State:         one element an inlet, in its port.
 * Delivery:      one out for one in; order holds within an inlet.
 */
export class Merge<T> extends GraphStage<FanInShape<T, T>> {
  override readonly name = "merge";
  readonly shape: FanInShape<T, T>;

  /** @param inputs At least 1. */
  constructor(inputs: number) {
    super();
    assert(Number.isInteger(inputs) && inputs >= 1, "there is at least one stream to join");
    const ins = Array.from({ length: inputs }, (_, index) => new Inlet<T>(`merge.in${index}`));
    this.shape = new FanInShape(ins, new Outlet<T>("merge.out"));
  }

  createLogic(_attributes: Attributes): GraphStageLogic {
    return new MergeLogic(this.shape);
  }
}

class MergeLogic<T> extends GraphStageLogic {
  /** It may be fused with the branches that it joins. */
  readonly joins = true;
  readonly #shape: FanInShape<T, T>;
  /** Inlets whose element waits, in order of arrival. */
  readonly #ready: Ring<Inlet<T>>;
  #openCount: number;

  constructor(shape: FanInShape<T, T>) {
    super(shape);
    this.#shape = shape;
    this.#ready = new Ring(shape.ins.length);
    this.#openCount = shape.ins.length;
    for (const inlet of shape.ins) {
      this.setHandler(inlet, {
        onPush: () => {
          if (this.isAvailable(shape.out)) this.#pass(inlet);
          else this.#ready.push(inlet);
        },
        onUpstreamFinish: () => {
          this.#openCount -= 1;
          if (this.#openCount === 0 && this.#ready.size === 0) this.completeStage();
        },
      });
    }
    this.setHandler(shape.out, this);
  }

  override preStart(): void {
    for (const inlet of this.#shape.ins) this.tryPull(inlet);
  }

  onPull(): void {
    const inlet = this.#ready.shift();
    if (inlet === undefined) return;
    this.#pass(inlet);
    if (this.#openCount === 0 && this.#ready.size === 0) this.completeStage();
  }

  #pass(inlet: Inlet<T>): void {
    this.push(this.#shape.out, this.grab(inlet));
    this.tryPull(inlet);
  }
}
