import type { GraphStage } from "../graph-stage.ts";
import { SourceLogic, sourceStage } from "../linear-stage.ts";
import type { SourceShape } from "../shape.ts";

/**
 * Fails at once.
 *
 * Emits:         nothing.
 * Backpressures: never.
 * Completes:     never.
 * Cancels:       it has no upstream.
 * State:         none.
 * Delivery:      none.
 */
export function failed<T>(error: Error): GraphStage<SourceShape<T>> {
  return sourceStage<T>("failed", (shape) => new FailedLogic(shape, error));
}

/**
 * Waits for ever.
 *
 * Emits:         nothing.
 * Backpressures: never.
 * Completes:     never.
 * Cancels:       it has no upstream.
 * State:         none.
 * Delivery:      none.
 */
export function never<T>(): GraphStage<SourceShape<T>> {
  return sourceStage<T>("never", (shape) => new NeverLogic(shape));
}

class FailedLogic<T> extends SourceLogic<T> {
  readonly #error: Error;

  constructor(shape: SourceShape<T>, error: Error) {
    super(shape);
    this.#error = error;
  }

  override preStart(): void {
    this.failStage(this.#error);
  }

  onPull(): void {}
}

class NeverLogic<T> extends SourceLogic<T> {
  onPull(): void {}
}
