import type { Kernel } from "../fused/kernel.ts";
import type { GraphStage } from "../graph-stage.ts";
import { FlowLogic, flowStage } from "../linear-stage.ts";
import type { FlowShape } from "../shape.ts";

/**
 * Lets the first elements through.
 *
 * Emits:         the first `count` elements.
 * Backpressures: when downstream does.
 * Completes:     with the last of them, at once where `count` is below 1, or when upstream completes.
 * Cancels:       when it completes, or downstream cancels.
 * State:         a counter.
 * Delivery:      what follows the last is not asked for.
 */
export function take<T>(count: number): GraphStage<FlowShape<T, T>> {
  return flowStage<T, T>("take", (shape) => new TakeLogic(shape, count), true);
}

class TakeLogic<T> extends FlowLogic<T, T> {
  readonly kernel: Kernel;
  #left: number;

  constructor(shape: FlowShape<T, T>, count: number) {
    super(shape);
    this.#left = count;
    this.kernel = { kind: "take", count };
  }

  override preStart(): void {
    if (this.#left < 1) this.completeStage();
  }

  onPush(): void {
    this.#left -= 1;
    this.push(this.out, this.grab(this.in));
    if (this.#left < 1) this.completeStage();
  }
}
