import type { GraphStage } from "../graph-stage.ts";
import { FlowLogic, flowStage } from "../linear-stage.ts";
import type { FlowShape } from "../shape.ts";
import { streamTimeout } from "./stream-timeout.ts";

/**
 * Fails a stream whose first element is late.
 *
 * Emits:         each element, unchanged.
 * Backpressures: when downstream does.
 * Completes:     when upstream completes.
 * Cancels:       when downstream cancels, or the time is over.
 * State:         a timer.
 * Delivery:      one out for one in; fails with `STREAM_TIMEOUT` where the first element has not come `timeoutMs` after the start.
 */
export function initialTimeout<T>(timeoutMs: number): GraphStage<FlowShape<T, T>> {
  return flowStage<T, T>("initialTimeout", (shape) => new InitialTimeoutLogic(shape, timeoutMs));
}

class InitialTimeoutLogic<T> extends FlowLogic<T, T> {
  readonly #timeoutMs: number;

  constructor(shape: FlowShape<T, T>, timeoutMs: number) {
    super(shape);
    this.#timeoutMs = timeoutMs;
  }

  override preStart(): void {
    this.scheduleOnce("timeout", this.#timeoutMs);
  }

  onPush(): void {
    this.cancelTimer("timeout");
    this.push(this.out, this.grab(this.in));
  }

  override onTimer(): void {
    throw streamTimeout("its first element must come", this.#timeoutMs);
  }
}
