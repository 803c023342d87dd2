import type { GraphStage } from "../graph-stage.ts";
import { FlowLogic, flowStage } from "../linear-stage.ts";
import type { FlowShape } from "../shape.ts";
import { streamTimeout } from "./stream-timeout.ts";

/**
 * Fails a stream that lasts too long.
 *
 * Emits:         each element, unchanged.
 * Backpressures: when downstream does.
 * Completes:     when upstream completes.
 * Cancels:       when downstream cancels, or the time is over.
 * State:         a timer.
 * Delivery:      one out for one in; fails with `STREAM_TIMEOUT` where upstream has not completed `timeoutMs` after the start.
 */
export function completionTimeout<T>(timeoutMs: number): GraphStage<FlowShape<T, T>> {
  return flowStage<T, T>("completionTimeout", (shape) => new CompletionTimeoutLogic(shape, timeoutMs));
}

class CompletionTimeoutLogic<T> extends FlowLogic<T, T> {
  readonly #timeoutMs: number;

  constructor(shape: FlowShape<T, T>, timeoutMs: number) {
    super(shape);
    this.#timeoutMs = timeoutMs;
  }

  override preStart(): void {
    this.scheduleOnce("timeout", this.#timeoutMs);
  }

  onPush(): void {
    this.push(this.out, this.grab(this.in));
  }

  override onTimer(): void {
    throw streamTimeout("it must complete", this.#timeoutMs);
  }
}
