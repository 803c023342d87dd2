import { EngineError } from "../../errors.ts";
import type { GraphStage } from "../graph-stage.ts";
import { SourceLogic, sourceStage } from "../linear-stage.ts";
import type { SourceShape } from "../shape.ts";

/**
 * Emits the elements of an iterable again and again.
 *
 * Emits:         the elements of `create()`, in order; then those of another `create()`, and so on.
 * Backpressures: it is read only on demand.
 * Completes:     never.
 * Cancels:       it has no upstream; when downstream cancels, the iterator's `return` is called.
 * State:         one iterator.
 * Delivery:      fails where an iterable is empty, or its iterator throws.
 */
export function cycle<T>(create: () => Iterable<T>): GraphStage<SourceShape<T>> {
  return sourceStage<T>("cycle", (shape) => new CycleLogic(shape, create));
}

class CycleLogic<T> extends SourceLogic<T> {
  readonly #create: () => Iterable<T>;
  #iterator: Iterator<T> | undefined;

  constructor(shape: SourceShape<T>, create: () => Iterable<T>) {
    super(shape);
    this.#create = create;
  }

  onPull(): void {
    const step = this.#iterator?.next();
    if (step !== undefined && step.done !== true) {
      this.push(this.out, step.value);
      return;
    }
    this.#iterator = this.#create()[Symbol.iterator]();
    const first = this.#iterator.next();
    if (first.done === true) {
      this.#iterator = undefined;
      throw new EngineError("STAGE_FAILED", "Cannot cycle as there must be an element: it is an empty iterable");
    }
    this.push(this.out, first.value);
  }

  override postStop(): void {
    this.#iterator?.return?.();
  }
}
