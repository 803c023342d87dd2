import type { GraphStage } from "../graph-stage.ts";
import { FlowLogic, flowStage } from "../linear-stage.ts";
import type { FlowShape } from "../shape.ts";
import { streamTimeout } from "./stream-timeout.ts";

/**
 * Fails a stream whose downstream is too slow.
 *
 * Emits:         each element, unchanged.
 * Backpressures: when downstream does.
 * Completes:     when upstream completes.
 * Cancels:       when downstream cancels, or has not asked in time.
 * State:         a timer.
 * Delivery:      one out for one in; fails with `STREAM_TIMEOUT` where downstream has not asked for `timeoutMs` after the start or
 *                an element.
 */
export function backpressureTimeout<T>(timeoutMs: number): GraphStage<FlowShape<T, T>> {
  return flowStage<T, T>("backpressureTimeout", (shape) => new BackpressureTimeoutLogic(shape, timeoutMs));
}

class BackpressureTimeoutLogic<T> extends FlowLogic<T, T> {
  readonly #timeoutMs: number;
  /** By the monotonic clock. */
  #deadlineMs = 0;

  constructor(shape: FlowShape<T, T>, timeoutMs: number) {
    super(shape);
    this.#timeoutMs = timeoutMs;
  }

  override preStart(): void {
    this.#waitForDemand();
  }

  onPush(): void {
    this.push(this.out, this.grab(this.in));
    this.#waitForDemand();
  }

  override onTimer(): void {
    // While downstream waits for upstream no timer is needed: the next element sets it.
    if (this.isAvailable(this.out)) return;
    const leftMs = this.#deadlineMs - this.clock.monotonic();
    if (leftMs <= 0) throw streamTimeout("downstream must ask", this.#timeoutMs);
    this.scheduleOnce("deadline", leftMs);
  }

  #waitForDemand(): void {
    this.#deadlineMs = this.clock.monotonic() + this.#timeoutMs;
    // A timer that is set serves: it is set anew when it is due, not at each element.
    if (!this.isTimerActive("deadline")) this.scheduleOnce("deadline", this.#timeoutMs);
  }
}
