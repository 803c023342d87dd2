import assert from "node:assert/strict";
import type { GraphStage } from "../graph-stage.ts";
import { SourceLogic, sourceStage } from "../linear-stage.ts";
import type { SourceShape } from "../shape.ts";

const timerKey = "tick";

/**
 * Emits one element again and again, for polling.
 *
 * Emits:         `element` after `initialDelayMs`, then every `intervalMs`, on a grid counted from the first tick.
 * Backpressures: at most one tick waits for demand; it stands for all that came meanwhile.
 * Completes:     never.
 * Cancels:       it has no upstream; when downstream cancels, its timer is called off.
 * State:         a timer and one waiting tick.
 * Delivery:      ticks that nobody waited for are dropped.
 *
 * @param intervalMs Above 0.
 */
export function tick<T>(initialDelayMs: number, intervalMs: number, element: T): GraphStage<SourceShape<T>> {
  assert(intervalMs > 0, "ticks are apart");
  return sourceStage<T>("tick", (shape) => new TickLogic(shape, initialDelayMs, intervalMs, element));
}

class TickLogic<T> extends SourceLogic<T> {
  readonly #initialDelayMs: number;
  readonly #intervalMs: number;
  readonly #element: T;
  /** When the next tick is due, by the monotonic clock. */
  #dueMs = 0;
  #waiting = false;

  constructor(shape: SourceShape<T>, initialDelayMs: number, intervalMs: number, element: T) {
    super(shape);
    this.#initialDelayMs = initialDelayMs;
    this.#intervalMs = intervalMs;
    this.#element = element;
  }

  override preStart(): void {
    this.#dueMs = this.clock.monotonic() + this.#initialDelayMs;
    this.scheduleOnce(timerKey, this.#initialDelayMs);
  }

  onPull(): void {
    if (!this.#waiting) return;
    this.#waiting = false;
    this.push(this.out, this.#element);
  }

  override onTimer(): void {
    // Late ticks are skipped, so that the grid is kept without a burst.
    const nowMs = this.clock.monotonic();
    const behind = Math.max(0, Math.floor((nowMs - this.#dueMs) / this.#intervalMs));
    this.#dueMs += (behind + 1) * this.#intervalMs;
    this.scheduleOnce(timerKey, this.#dueMs - nowMs);
    if (this.isAvailable(this.out)) this.push(this.out, this.#element);
    else this.#waiting = true;
  }
}
