import type { Kernel } from "../fused/kernel.ts";
import type { GraphStage } from "../graph-stage.ts";
import { SourceLogic, sourceStage } from "../linear-stage.ts";
import type { SourceShape } from "../shape.ts";

/**
 * Reads an iterable, anew in each run.
 *
 * Emits:         its elements, in order, each when asked for.
 * Backpressures: it is read only on demand.
 * Completes:     after the last element; of an array with it, of any other when one more is asked for.
 * Cancels:       it has no upstream; when downstream cancels, the iterator's `return` is called.
 * State:         one iterator.
 * Delivery:      each element once; fails where the iterator throws.
 */
export function fromIterable<T>(elements: Iterable<T>): GraphStage<SourceShape<T>> {
  return sourceStage<T>("from", (shape) =>
    Array.isArray(elements) ? new FromArrayLogic<T>(shape, elements) : new FromIterableLogic(shape, elements),
  );
}

class FromArrayLogic<T> extends SourceLogic<T> {
  readonly kernel: Kernel;
  readonly #elements: readonly T[];
  #next = 0;

  constructor(shape: SourceShape<T>, elements: readonly T[]) {
    super(shape);
    this.kernel = { kind: "array", elements };
    this.#elements = elements;
  }

  override preStart(): void {
    if (this.#elements.length === 0) this.completeStage();
  }

  onPull(): void {
    this.push(this.out, this.#elements[this.#next] as T);
    this.#next += 1;
    if (this.#next >= this.#elements.length) this.completeStage();
  }
}

class FromIterableLogic<T> extends SourceLogic<T> {
  readonly kernel: Kernel;
  readonly #elements: Iterable<T>;
  #iterator: Iterator<T> | undefined;

  constructor(shape: SourceShape<T>, elements: Iterable<T>) {
    super(shape);
    this.kernel = { kind: "iterable", elements };
    this.#elements = elements;
  }

  override preStart(): void {
    this.#iterator = this.#elements[Symbol.iterator]();
  }

  onPull(): void {
    const step = this.#iterator?.next();
    if (step === undefined || step.done === true) {
      this.#iterator = undefined;
      this.completeStage();
    } else this.push(this.out, step.value);
  }

  override postStop(): void {
    // Undefined once it has ended by itself.
    this.#iterator?.return?.();
  }
}
