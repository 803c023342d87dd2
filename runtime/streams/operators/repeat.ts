import type { GraphStage } from "../graph-stage.ts";
import { SourceLogic, sourceStage } from "../linear-stage.ts";
import type { SourceShape } from "../shape.ts";

/**
 * Emits one element for ever.
 *
 * Emits:         `element` whenever asked.
 * Backpressures: it emits only on demand.
 * Completes:     never.
 * Cancels:       it has no upstream.
 * State:         none.
 * Delivery:      the same element each time.
 */
export function repeat<T>(element: T): GraphStage<SourceShape<T>> {
  return sourceStage<T>("repeat", (shape) => new RepeatLogic(shape, element));
}

class RepeatLogic<T> extends SourceLogic<T> {
  readonly #element: T;

  constructor(shape: SourceShape<T>, element: T) {
    super(shape);
    this.#element = element;
  }

  onPull(): void {
    this.push(this.out, this.#element);
  }
}
