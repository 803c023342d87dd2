import assert from "node:assert/strict";
import { ChunkLogic } from "../chunk-logic.ts";
import { type Attributes, GraphStage, type GraphStageLogic, Inlet, Outlet } from "../graph-stage.ts";
import { Ring } from "../ring.ts";
import { FanInShape } from "../shape.ts";

/**
 * Joins several streams as their elements come.
 *
 * Emits:         each element of each inlet, in order of arrival; inlets that have one take turns.
 * Backpressures: when downstream does.
 * Completes:     when every upstream has completed.
 * Cancels:       when downstream cancels. A failure of any upstream fails it.
 * State:         at each inlet, in its port, as many elements as downstream has asked for at once: one, or a chunk.
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

class MergeLogic<T> extends ChunkLogic {
  readonly #shape: FanInShape<T, T>;
  /** Inlets where something waits, in order of arrival. */
  readonly #ready: Ring<Inlet<T>>;
  #openCount: number;
  /** What downstream last asked for is what each inlet is asked for. */
  #demand = 1;

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
    const demand = this.demandOf(this.#shape.out);
    if (demand > this.#demand) this.raiseDemand(this.#shape.ins, demand);
    this.#demand = demand;
    const inlet = this.#ready.shift();
    if (inlet === undefined) return;
    this.#pass(inlet);
    if (this.#openCount === 0 && this.#ready.size === 0) this.completeStage();
  }

  #pass(inlet: Inlet<T>): void {
    if (!this.pass(inlet, this.#shape.out)) this.#ready.push(inlet);
    else if (!this.isClosed(inlet)) this.pullChunk(inlet, this.#demand);
  }
}
