import type { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import { EngineError, sentenceOf } from "../../errors.ts";
import type { GraphStage } from "../graph-stage.ts";
import { SourceLogic, sourceStage } from "../linear-stage.ts";
import type { SourceShape } from "../shape.ts";

/**
 * Reads a stream of Node or of the web; in one run.
 *
 * Emits:         its chunks, in order.
 * Backpressures: it is read only on demand, one chunk at a time; the stream fills its own buffer ahead.
 * Completes:     when it ends.
 * Cancels:       it has no upstream; when downstream cancels, it is destroyed or cancelled at once, also while a read waits.
 * State:         none beyond the stream's own.
 * Delivery:      each chunk once; fails where the stream does.
 */
export function fromReadable<T>(readable: Readable | ReadableStream<T>): GraphStage<SourceShape<T>> {
  return sourceStage<T>("fromReadable", (shape) => new FromReadableLogic<T>(shape, readable));
}

class FromReadableLogic<T> extends SourceLogic<T> {
  readonly #readable: Readable | ReadableStream<T>;
  readonly #onStep: (step: { readonly done: boolean; readonly value: T | undefined }) => void;
  readonly #onError: (error: unknown) => void;
  #read: () => Promise<{ readonly done: boolean; readonly value: T | undefined }> = stopped;
  /** Undefined once it has ended by itself. */
  #destroy: (() => void) | undefined;

  constructor(shape: SourceShape<T>, readable: Readable | ReadableStream<T>) {
    super(shape);
    this.#readable = readable;
    this.#onStep = this.getAsyncCallback((step: { readonly done: boolean; readonly value: T | undefined }) => {
      if (step.done) {
        this.#destroy = undefined;
        this.completeStage();
      } else this.push(this.out, step.value as T);
    });
    this.#onError = this.getAsyncCallback((error: unknown) => {
      this.#destroy = undefined;
      this.failStage(errorOf(error));
    });
  }

  override preStart(): void {
    const readable = this.#readable;
    if ("getReader" in readable) {
      const reader = readable.getReader();
      this.#read = async () => {
        const { done, value } = await reader.read();
        return { done, value };
      };
      this.#destroy = () => {
        reader.cancel().catch((error: unknown) => {
          // The stream is over: how it takes its leave cannot change it any more.
          this.log.warn("A stream failed to close", { error: sentenceOf(error) });
        });
      };
    } else {
      const iterator = readable[Symbol.asyncIterator]() as AsyncIterator<T>;
      this.#read = async () => {
        const { done, value } = await iterator.next();
        return { done: done === true, value };
      };
      this.#destroy = () => readable.destroy();
    }
  }

  onPull(): void {
    this.#read().then(this.#onStep, this.#onError);
  }

  override postStop(): void {
    this.#destroy?.();
  }
}

async function stopped(): Promise<{ readonly done: boolean; readonly value: undefined }> {
  return { done: true, value: undefined };
}

function errorOf(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  const sentence = `Cannot read a stream as it must fail with an error: it is ${sentenceOf(thrown)}`;
  return new EngineError("STAGE_FAILED", sentence, { cause: thrown });
}
