import { EngineError, sentenceOf } from "../../errors.ts";
import type { GraphStage } from "../graph-stage.ts";
import { SourceLogic, sourceStage } from "../linear-stage.ts";
import type { SourceShape } from "../shape.ts";

/**
 * Reads an async iterable, anew in each run where it can be.
 *
 * Emits:         its elements, in order, each when asked for.
 * Backpressures: it is read only on demand, one element at a time.
 * Completes:     after the last element.
 * Cancels:       it has no upstream; when downstream cancels, the iterator's `return` is called.
 * State:         one iterator.
 * Delivery:      each element once; fails where the iterator rejects. An element that arrives after the stage stopped is dropped.
 */
export function fromAsyncIterable<T>(elements: AsyncIterable<T>): GraphStage<SourceShape<T>> {
  return sourceStage<T>("from", (shape) => new FromAsyncIterableLogic(shape, elements));
}

class FromAsyncIterableLogic<T> extends SourceLogic<T> {
  readonly #elements: AsyncIterable<T>;
  #iterator: AsyncIterator<T> | undefined;
  readonly #onStep: (step: IteratorResult<T>) => void;
  readonly #onError: (error: unknown) => void;

  constructor(shape: SourceShape<T>, elements: AsyncIterable<T>) {
    super(shape);
    this.#elements = elements;
    this.#onStep = this.getAsyncCallback((step: IteratorResult<T>) => {
      if (step.done === true) {
        this.#iterator = undefined;
        this.completeStage();
      } else this.push(this.out, step.value);
    });
    this.#onError = this.getAsyncCallback((error: unknown) => {
      this.#iterator = undefined;
      this.failStage(errorOf(error));
    });
  }

  override preStart(): void {
    this.#iterator = this.#elements[Symbol.asyncIterator]();
  }

  onPull(): void {
    this.#iterator?.next().then(this.#onStep, this.#onError);
  }

  override postStop(): void {
    // The stream is over: how the iterator takes its leave cannot change it any more.
    this.#iterator?.return?.().catch((error: unknown) => {
      this.log.warn("An iterator failed to close", { error: sentenceOf(error) });
    });
  }
}

function errorOf(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  const sentence = `Cannot read an iterator as it must reject with an error: it is ${sentenceOf(thrown)}`;
  return new EngineError("STAGE_FAILED", sentence, { cause: thrown });
}
