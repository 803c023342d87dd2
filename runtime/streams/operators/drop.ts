import type { Kernel } from "../fused/kernel.ts";
import type { GraphStage } from "../graph-stage.ts";
import { FlowLogic, flowStage } from "../linear-stage.ts";
import type { FlowShape } from "../shape.ts";

/**
 * Leaves the first elements out.
 *
 * Emits:         each element after the first `count`.
 * Backpressures: when downstream does; what is dropped is asked for only once downstream asks.
 * Completes:     when upstream completes.
 * Cancels:       when downstream cancels.
 * State:         a counter.
 * Delivery:      one out for one in, after the first `count`.
 */
export function drop<T>(count: number): GraphStage<FlowShape<T, T>> {
  return flowStage<T, T>("drop", (shape) => new DropLogic(shape, count));
}

class DropLogic<T> extends FlowLogic<T, T> {
  readonly kernel: Kernel;
  #left: number;

  constructor(shape: FlowShape<T, T>, count: number) {
    super(shape);
    this.#left = count;
    this.kernel = { kind: "drop", count };
  }

  onPush(): void {
    const element = this.grab(this.in);
    if (this.#left >= 1) {
      this.#left -= 1;
      this.pull(this.in);
    } else this.push(this.out, element);
  }
}
