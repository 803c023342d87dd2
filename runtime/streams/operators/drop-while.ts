import type { Kernel } from "../fused/kernel.ts";
import type { Attributes, GraphStage } from "../graph-stage.ts";
import { flowStage } from "../linear-stage.ts";
import type { FlowShape } from "../shape.ts";
import { SupervisedLogic } from "../supervised-stage.ts";

/**
 * Leaves elements out until one breaks a condition.
 *
 * Emits:         the first element for which `drops` is false, and all after it.
 * Backpressures: when downstream does.
 * Completes:     when upstream completes.
 * Cancels:       when downstream cancels.
 * State:         whether it has begun.
 * Delivery:      at most one out for one in; supervised where `drops` throws, which it is asked until it was false.
 */
export function dropWhile<T>(drops: (element: T) => boolean): GraphStage<FlowShape<T, T>> {
  return flowStage<T, T>("dropWhile", (shape, attributes) => new DropWhileLogic(shape, attributes, drops));
}

class DropWhileLogic<T> extends SupervisedLogic<T, T> {
  readonly kernel: Kernel;
  readonly #drops: (element: T) => boolean;
  #begun = false;

  constructor(shape: FlowShape<T, T>, attributes: Attributes, drops: (element: T) => boolean) {
    super(shape, attributes);
    this.#drops = drops;
    this.kernel = { kind: "dropWhile", run: drops as (element: unknown) => boolean };
  }

  onPush(): void {
    const element = this.grab(this.in);
    try {
      this.#begun ||= !this.#drops(element);
      if (this.#begun) this.push(this.out, element);
      else this.pull(this.in);
    } catch (thrown) {
      this.supervise(thrown);
    }
  }
}
