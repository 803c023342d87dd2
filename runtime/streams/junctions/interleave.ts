import assert from "node:assert/strict";
import { type Attributes, GraphStage, GraphStageLogic, Inlet, Outlet } from "../graph-stage.ts";
import { FanInShape } from "../shape.ts";

/**
 * Gives some elements of each stream in turn.
 *
 * Emits:         `segmentSize` elements of the first inlet, then as many of the second, and so on, round after round.
 * Backpressures: when downstream does, or the inlet whose turn it is has no element.
 * Completes:     when every upstream has completed; with `eagerClose` when any has.
 * Cancels:       when downstream cancels. A failure of any upstream fails it.
 * State:         whose turn it is, and how much of it is left.
 * Delivery:      one out for one in; order holds within an inlet.
 */
export class Interleave<T> extends GraphStage<FanInShape<T, T>> {
  override readonly name = "interleave";
  readonly shape: FanInShape<T, T>;
  readonly #segmentSize: number;
  readonly #eagerClose: boolean;

  /**
   * @param inputs At least 1.
   * @param segmentSize At least 1.
   */
  constructor(inputs: number, segmentSize: number, eagerClose = false) {
    super();
    assert(Number.isInteger(inputs) && inputs >= 1, "there is at least one stream to give");
    assert(Number.isInteger(segmentSize) && segmentSize >= 1, "each turn has at least one element");
    const ins = Array.from({ length: inputs }, (_, index) => new Inlet<T>(`interleave.in${index}`));
    this.shape = new FanInShape(ins, new Outlet<T>("interleave.out"));
    this.#segmentSize = segmentSize;
    this.#eagerClose = eagerClose;
  }

  createLogic(_attributes: Attributes): GraphStageLogic {
    return new InterleaveLogic(this.shape, this.#segmentSize, this.#eagerClose);
  }
}

class InterleaveLogic<T> extends GraphStageLogic {
  readonly #shape: FanInShape<T, T>;
  readonly #segmentSize: number;
  #current = 0;
  #taken = 0;

  constructor(shape: FanInShape<T, T>, segmentSize: number, eagerClose: boolean) {
    super(shape);
    this.#shape = shape;
    this.#segmentSize = segmentSize;
    shape.ins.forEach((inlet, index) => {
      this.setHandler(inlet, {
        onPush: () => this.#pass(inlet),
        onUpstreamFinish: () => {
          if (eagerClose || shape.ins.every((other) => this.isClosed(other))) this.completeStage();
          else if (index === this.#current) {
            this.#moveOn();
            if (this.isAvailable(shape.out)) this.onPull();
          }
        },
      });
    });
    this.setHandler(shape.out, this);
  }

  onPull(): void {
    const inlet = this.#shape.ins[this.#current];
    if (inlet !== undefined) this.pull(inlet);
  }

  #pass(inlet: Inlet<T>): void {
    this.push(this.#shape.out, this.grab(inlet));
    this.#taken += 1;
    if (this.#taken === this.#segmentSize) this.#moveOn();
  }

  /** To the next inlet that is open; one is. */
  #moveOn(): void {
    const { ins } = this.#shape;
    this.#taken = 0;
    for (let step = 0; step < ins.length; step += 1) {
      this.#current = (this.#current + 1) % ins.length;
      const inlet = ins[this.#current];
      if (inlet !== undefined && !this.isClosed(inlet)) return;
    }
  }
}
