import { EngineError, sentenceOf } from "../../errors.ts";
import type { GraphStage } from "../graph-stage.ts";
import { SourceLogic, sourceStage } from "../linear-stage.ts";
import type { SourceShape } from "../shape.ts";

/**
 * Makes elements of a state by a function that takes its time.
 *
 * Emits:         the element of each `[state, element]` that `step` resolves with for the state before, beginning with `initial`.
 * Backpressures: `step` is called only on demand, and not again before it has resolved.
 * Completes:     when `step` resolves with undefined.
 * Cancels:       it has no upstream; what is under way when downstream cancels is dropped.
 * State:         the state. `initial` is shared by all runs: do not change it.
 * Delivery:      one out for one call; fails where `step` throws or rejects.
 */
export function unfoldAsync<S, T>(
  initial: S,
  step: (state: S) => Promise<readonly [state: S, element: T] | undefined>,
): GraphStage<SourceShape<T>> {
  return sourceStage<T>("unfoldAsync", (shape) => new UnfoldAsyncLogic(shape, initial, step));
}

class UnfoldAsyncLogic<S, T> extends SourceLogic<T> {
  readonly #step: (state: S) => Promise<readonly [S, T] | undefined>;
  readonly #onNext: (next: readonly [S, T] | undefined) => void;
  readonly #onError: (error: unknown) => void;
  #state: S;

  constructor(shape: SourceShape<T>, initial: S, step: (state: S) => Promise<readonly [S, T] | undefined>) {
    super(shape);
    this.#state = initial;
    this.#step = step;
    this.#onNext = this.getAsyncCallback((next: readonly [S, T] | undefined) => {
      if (next === undefined) {
        this.completeStage();
        return;
      }
      this.#state = next[0];
      this.push(this.out, next[1]);
    });
    this.#onError = this.getAsyncCallback((error: unknown) => this.failStage(errorOf(error)));
  }

  onPull(): void {
    this.#step(this.#state).then(this.#onNext, this.#onError);
  }
}

function errorOf(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  const sentence = `Cannot unfold a state as a promise must reject with an error: it is ${sentenceOf(thrown)}`;
  return new EngineError("STAGE_FAILED", sentence, { cause: thrown });
}
