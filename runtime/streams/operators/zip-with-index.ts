import type { Kernel } from "../fused/kernel.ts";
import type { GraphStage } from "../graph-stage.ts";
import { FlowLogic, flowStage } from "../linear-stage.ts";
import type { FlowShape } from "../shape.ts";

/**
 * Numbers the elements.
 *
 * Emits:         a pair of each element and its index, from 0.
 * Backpressures: when downstream does.
 * Completes:     when upstream completes.
 * Cancels:       when downstream cancels.
 * State:         a counter.
 * Delivery:      one out for one in.
 */
export function zipWithIndex<T>(): GraphStage<FlowShape<T, [element: T, index: number]>> {
  return flowStage<T, [element: T, index: number]>("zipWithIndex", (shape) => new ZipWithIndexLogic(shape));
}

class ZipWithIndexLogic<T> extends FlowLogic<T, [element: T, index: number]> {
  readonly kernel: Kernel = { kind: "zipWithIndex" };
  #index = 0;

  onPush(): void {
    this.push(this.out, [this.grab(this.in), this.#index]);
    this.#index += 1;
  }
}
