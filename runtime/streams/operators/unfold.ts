import type { GraphStage } from "../graph-stage.ts";
import { SourceLogic, sourceStage } from "../linear-stage.ts";
import type { SourceShape } from "../shape.ts";

/**
 * Makes elements of a state.
 *
 * Emits:         the element of each `[state, element]` that `step` gives for the state before, beginning with `initial`.
 * Backpressures: `step` is called only on demand.
 * Completes:     when `step` gives undefined.
 * Cancels:       it has no upstream.
 * State:         the state. `initial` is shared by all runs: do not change it.
 * Delivery:      one out for one call; fails where `step` throws.
 */
export function unfold<S, T>(
  initial: S,
  step: (state: S) => readonly [state: S, element: T] | undefined,
): GraphStage<SourceShape<T>> {
  return sourceStage<T>("unfold", (shape) => new UnfoldLogic(shape, initial, step));
}

class UnfoldLogic<S, T> extends SourceLogic<T> {
  readonly #step: (state: S) => readonly [S, T] | undefined;
  #state: S;

  constructor(shape: SourceShape<T>, initial: S, step: (state: S) => readonly [S, T] | undefined) {
    super(shape);
    this.#state = initial;
    this.#step = step;
  }

  onPull(): void {
    const next = this.#step(this.#state);
    if (next === undefined) {
      this.completeStage();
      return;
    }
    this.#state = next[0];
    this.push(this.out, next[1]);
  }
}
