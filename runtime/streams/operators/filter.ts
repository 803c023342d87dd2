import type { Kernel } from "../fused/kernel.ts";
import type { Attributes, GraphStage } from "../graph-stage.ts";
import { flowStage } from "../linear-stage.ts";
import type { FlowShape } from "../shape.ts";
import { SupervisedLogic } from "../supervised-stage.ts";

/**
 * Lets through what a predicate keeps.
 *
 * Emits:         each element for which `keeps` is true, in order.
 * Backpressures: when downstream does.
 * Completes:     when upstream completes.
 * Cancels:       when downstream cancels.
 * State:         none.
 * Delivery:      at most one out for one in; supervised where `keeps` throws.
 */
export function filter<T>(keeps: (element: T) => boolean): GraphStage<FlowShape<T, T>> {
  return flowStage<T, T>("filter", (shape, attributes) => new FilterLogic(shape, attributes, keeps), true);
}

class FilterLogic<T> extends SupervisedLogic<T, T> {
  readonly kernel: Kernel;
  readonly #keeps: (element: T) => boolean;

  constructor(shape: FlowShape<T, T>, attributes: Attributes, keeps: (element: T) => boolean) {
    super(shape, attributes);
    this.#keeps = keeps;
    this.kernel = { kind: "filter", run: keeps as (element: unknown) => boolean };
  }

  onPush(): void {
    const element = this.grab(this.in);
    try {
      if (this.#keeps(element)) this.push(this.out, element);
      else this.pull(this.in);
    } catch (thrown) {
      this.supervise(thrown);
    }
  }
}
