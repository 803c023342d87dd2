import type { Kernel } from "../fused/kernel.ts";
import type { Attributes, GraphStage } from "../graph-stage.ts";
import { flowStage } from "../linear-stage.ts";
import type { FlowShape } from "../shape.ts";
import { SupervisedLogic } from "../supervised-stage.ts";

/**
 * Lets elements through until one breaks a condition.
 *
 * Emits:         each element while `keeps` is true; the first for which it is false too, where `inclusive`.
 * Backpressures: when downstream does.
 * Completes:     when `keeps` is false, or when upstream completes.
 * Cancels:       when `keeps` is false, or downstream cancels.
 * State:         none.
 * Delivery:      at most one out for one in; supervised where `keeps` throws.
 */
export function takeWhile<T>(keeps: (element: T) => boolean, inclusive = false): GraphStage<FlowShape<T, T>> {
  return flowStage<T, T>(
    "takeWhile",
    (shape, attributes) => new TakeWhileLogic(shape, attributes, keeps, inclusive),
    true,
  );
}

class TakeWhileLogic<T> extends SupervisedLogic<T, T> {
  readonly kernel: Kernel;
  readonly #keeps: (element: T) => boolean;
  readonly #inclusive: boolean;

  constructor(shape: FlowShape<T, T>, attributes: Attributes, keeps: (element: T) => boolean, inclusive: boolean) {
    super(shape, attributes);
    this.#keeps = keeps;
    this.#inclusive = inclusive;
    this.kernel = { kind: "takeWhile", run: keeps as (element: unknown) => boolean, inclusive };
  }

  onPush(): void {
    const element = this.grab(this.in);
    try {
      const kept = this.#keeps(element);
      if (kept || this.#inclusive) this.push(this.out, element);
      if (!kept) this.completeStage();
    } catch (thrown) {
      this.supervise(thrown);
    }
  }
}
