import type { GraphStage } from "../graph-stage.ts";
import { FlowLogic, flowStage } from "../linear-stage.ts";
import type { FlowShape } from "../shape.ts";

/**
 * Lets through what a predicate keeps.
 *
 * Emits:         each element for which `keeps` is true, in order.
 * Backpressures: when downstream does.
 * Completes:     when upstream completes.
 * Cancels:       when downstream cancels.
 * State:         none.
 * Delivery:      at most one out for one in; fails where `keeps` throws.
 */
export function filter<T>(keeps: (element: T) => boolean): GraphStage<FlowShape<T, T>> {
  return flowStage<T, T>("filter", (shape) => new FilterLogic(shape, keeps));
}

class FilterLogic<T> extends FlowLogic<T, T> {
  readonly #keeps: (element: T) => boolean;

  constructor(shape: FlowShape<T, T>, keeps: (element: T) => boolean) {
    super(shape);
    this.#keeps = keeps;
  }

  onPush(): void {
    const element = this.grab(this.in);
    if (this.#keeps(element)) this.push(this.out, element);
    else this.pull(this.in);
  }
}
