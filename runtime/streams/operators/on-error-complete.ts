import type { GraphStage } from "../graph-stage.ts";
import { FlowLogic, flowStage } from "../linear-stage.ts";
import type { FlowShape } from "../shape.ts";

/**
 * Takes a failure for the end.
 *
 * Emits:         each element, unchanged.
 * Backpressures: when downstream does.
 * Completes:     when upstream completes, or fails with an error for which `covers` is true.
 * Cancels:       when downstream cancels.
 * State:         none.
 * Delivery:      one out for one in; other failures go on, and fails where `covers` throws.
 */
export function onErrorComplete<T>(covers: (error: Error) => boolean = () => true): GraphStage<FlowShape<T, T>> {
  return flowStage<T, T>("onErrorComplete", (shape) => new OnErrorCompleteLogic(shape, covers));
}

class OnErrorCompleteLogic<T> extends FlowLogic<T, T> {
  readonly #covers: (error: Error) => boolean;

  constructor(shape: FlowShape<T, T>, covers: (error: Error) => boolean) {
    super(shape);
    this.#covers = covers;
  }

  onPush(): void {
    this.push(this.out, this.grab(this.in));
  }

  onUpstreamFailure(error: Error): void {
    if (this.#covers(error)) this.completeStage();
    else this.failStage(error);
  }
}
