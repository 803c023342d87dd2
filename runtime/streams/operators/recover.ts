import type { GraphStage } from "../graph-stage.ts";
import { FlowLogic, flowStage } from "../linear-stage.ts";
import type { FlowShape } from "../shape.ts";

/**
 * Turns a failure into a last element.
 *
 * Emits:         each element; when upstream fails, `last(error)` unless that is undefined.
 * Backpressures: when downstream does.
 * Completes:     when upstream completes, or failed and the last element is emitted.
 * Cancels:       when downstream cancels.
 * State:         the last element.
 * Delivery:      one out for one in; a failure goes on where `last` gives undefined or throws.
 */
export function recover<In, Out>(last: (error: Error) => Out | undefined): GraphStage<FlowShape<In, In | Out>> {
  return flowStage<In, In | Out>("recover", (shape) => new RecoverLogic(shape, last));
}

class RecoverLogic<In, Out> extends FlowLogic<In, In | Out> {
  readonly #last: (error: Error) => Out | undefined;

  constructor(shape: FlowShape<In, In | Out>, last: (error: Error) => Out | undefined) {
    super(shape);
    this.#last = last;
  }

  onPush(): void {
    this.push(this.out, this.grab(this.in));
  }

  onUpstreamFailure(error: Error): void {
    const element = this.#last(error);
    if (element === undefined) this.failStage(error);
    else this.emit(this.out, element, () => this.completeStage());
  }
}
