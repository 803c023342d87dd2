import type { GraphStage } from "../graph-stage.ts";
import { FlowLogic, flowStage } from "../linear-stage.ts";
import type { FlowShape } from "../shape.ts";

/**
 * Says when a stream ends, and at the level debug what passes.
 *
 * Emits:         each element, unchanged.
 * Backpressures: when downstream does.
 * Completes:     when upstream completes.
 * Cancels:       when downstream cancels.
 * State:         none.
 * Delivery:      one out for one in.
 */
export function log<T>(sentence: string): GraphStage<FlowShape<T, T>> {
  return flowStage<T, T>("log", (shape) => new LogLogic(shape, sentence));
}

class LogLogic<T> extends FlowLogic<T, T> {
  readonly #sentence: string;

  constructor(shape: FlowShape<T, T>, sentence: string) {
    super(shape);
    this.#sentence = sentence;
  }

  onPush(): void {
    const element = this.grab(this.in);
    this.log.debug(this.#sentence, { element: String(element) });
    this.push(this.out, element);
  }

  onUpstreamFinish(): void {
    this.log.info(this.#sentence, { end: "completed" });
    this.completeStage();
  }

  onUpstreamFailure(error: Error): void {
    this.log.warn(this.#sentence, { end: "failed", error: error.message });
    this.failStage(error);
  }

  onDownstreamFinish(cause?: Error): void {
    this.log.info(this.#sentence, { end: "cancelled", error: cause?.message });
    this.cancelStage(cause);
  }
}
