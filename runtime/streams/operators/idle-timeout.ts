import type { GraphStage } from "../graph-stage.ts";
import { FlowLogic, flowStage } from "../linear-stage.ts";
import type { FlowShape } from "../shape.ts";
import { streamTimeout } from "./stream-timeout.ts";

/**
 * Fails a stream that pauses for too long, whichever side makes it wait.
 *
 * Emits:         each element, unchanged.
 * Backpressures: when downstream does.
 * Completes:     when upstream completes.
 * Cancels:       when downstream cancels, or a pause is too long.
 * State:         a timer.
 * Delivery:      one out for one in; fails with `STREAM_TIMEOUT` where no element has passed for `timeoutMs`.
 */
export function idleTimeout<T>(timeoutMs: number): GraphStage<FlowShape<T, T>> {
  return flowStage<T, T>("idleTimeout", (shape) => new IdleTimeoutLogic(shape, timeoutMs));
}

class IdleTimeoutLogic<T> extends FlowLogic<T, T> {
  readonly #timeoutMs: number;
  /** By the monotonic clock. */
  #deadlineMs = 0;

  constructor(shape: FlowShape<T, T>, timeoutMs: number) {
    super(shape);
    this.#timeoutMs = timeoutMs;
  }

  override preStart(): void {
    this.#deadlineMs = this.clock.monotonic() + this.#timeoutMs;
    this.scheduleOnce("deadline", this.#timeoutMs);
  }

  onPush(): void {
    this.#deadlineMs = this.clock.monotonic() + this.#timeoutMs;
    this.push(this.out, this.grab(this.in));
  }

  override onTimer(): void {
    // The timer is set anew when it is due, not at each element.
    const leftMs = this.#deadlineMs - this.clock.monotonic();
    if (leftMs <= 0) throw streamTimeout("an element must pass", this.#timeoutMs);
    this.scheduleOnce("deadline", leftMs);
  }
}
