import type { GraphStage } from "../graph-stage.ts";
import { FlowLogic, flowStage } from "../linear-stage.ts";
import type { FlowShape } from "../shape.ts";

/**
 * Waits for a pause, and emits what came last.
 *
 * Emits:         an element when none has come for `quietMs` after it; the last one at the end of the stream.
 * Backpressures: never; where downstream has not asked, a newer element takes the place of the one that waits.
 * Completes:     when upstream completed and the last element is emitted.
 * Cancels:       when downstream cancels.
 * State:         one element and a timer.
 * Delivery:      elements followed by another too soon are dropped without a trace, so not for elements under a receipt; a failure
 *                overtakes the one that waits.
 *
 * @see RxJS, `debounceTime`
 */
export function debounce<T>(quietMs: number): GraphStage<FlowShape<T, T>> {
  return flowStage<T, T>("debounce", (shape) => new DebounceLogic(shape, quietMs), true);
}

class DebounceLogic<T> extends FlowLogic<T, T> {
  readonly #quietMs: number;
  #last: T | undefined;
  /** When the last element may go, by the monotonic clock. */
  #dueMs = 0;

  constructor(shape: FlowShape<T, T>, quietMs: number) {
    super(shape);
    this.#quietMs = quietMs;
  }

  override preStart(): void {
    this.pull(this.in);
  }

  onPush(): void {
    this.#last = this.grab(this.in);
    this.#dueMs = this.clock.monotonic() + this.#quietMs;
    if (!this.isTimerActive("quiet")) this.scheduleOnce("quiet", this.#quietMs);
    this.pull(this.in);
  }

  override onPull(): void {
    this.#goOn();
  }

  onUpstreamFinish(): void {
    this.#dueMs = Number.NEGATIVE_INFINITY;
    this.#goOn();
  }

  override onTimer(): void {
    this.#goOn();
  }

  #goOn(): void {
    if (this.#last !== undefined) {
      const waitMs = this.#dueMs - this.clock.monotonic();
      // One timer serves a row of elements: it is set anew when it is due, not at each of them.
      if (waitMs > 0) {
        if (!this.isTimerActive("quiet")) this.scheduleOnce("quiet", waitMs);
      } else if (this.isAvailable(this.out)) {
        this.push(this.out, this.#last);
        this.#last = undefined;
      }
    }
    if (this.#last === undefined && this.isClosed(this.in)) this.completeStage();
  }
}
