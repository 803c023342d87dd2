import assert from "node:assert/strict";
import { EngineError } from "../../errors.ts";
import type { GraphStage } from "../graph-stage.ts";
import { SinkLogic, sinkStage } from "../linear-stage.ts";
import { Ring } from "../ring.ts";
import type { SinkShape } from "../shape.ts";

/** The exit of a stream for code outside it. */
export interface SinkQueue<out T> {
  /**
   * @returns resolves with the next element, or undefined once the stream has completed or was cancelled.
   * @throws the failure of the stream; `MAILBOX_FULL` where as many pulls wait as the queue holds; `STREAM_STOPPED`.
   */
  pull(): Promise<T | undefined>;
  /** Wants no further element; what is held is dropped. */
  cancel(): void;
}

/**
 * Gives its elements to whoever pulls them from outside.
 *
 * Emits:         nothing. Materialises the queue.
 * Backpressures: when it holds `bufferMax` elements.
 * Completes:     when upstream completed; elements held can still be pulled. A failure overtakes them.
 * Cancels:       on `cancel`.
 * State:         up to `bufferMax` elements or waiting pulls.
 * Delivery:      each element to one pull, in order.
 *
 * @param bufferMax At least 1.
 */
export function sinkQueue<T>(bufferMax: number): GraphStage<SinkShape<T>, SinkQueue<T>> {
  assert(Number.isInteger(bufferMax) && bufferMax >= 1, "a queue holds at least one element");
  return sinkStage<T, SinkQueue<T>>("queue", (shape) => new SinkQueueLogic(shape, bufferMax));
}

/**
 * Gives its elements to a `for await` loop; leaving the loop cancels the stream.
 *
 * Emits:         nothing. Materialises an async iterator, for one loop.
 * Backpressures: when it holds `bufferMax` elements.
 * Completes:     when upstream completed; the loop ends after what is held. A failure overtakes that.
 * Cancels:       when the loop is left.
 * State:         up to `bufferMax` elements.
 * Delivery:      each element once, in order.
 */
export function toAsyncIterable<T>(bufferMax: number): GraphStage<SinkShape<T>, AsyncIterableIterator<T>> {
  assert(Number.isInteger(bufferMax) && bufferMax >= 1, "a queue holds at least one element");
  return sinkStage<T, AsyncIterableIterator<T>>("toAsyncIterable", (shape) => new IterableLogic(shape, bufferMax));
}

abstract class OutsideLogic<T, M> extends SinkLogic<T, M> {
  protected readonly outside: OutsideQueue<T>;

  constructor(shape: SinkShape<T>, bufferMax: number) {
    super(shape);
    const onRoom = this.getAsyncCallback(() => {
      if (!this.outside.full && !this.isClosed(this.in) && !this.hasBeenPulled(this.in)) this.pull(this.in);
    });
    const onCancel = this.getAsyncCallback(() => this.completeStage());
    this.outside = new OutsideQueue(
      bufferMax,
      () => onRoom(undefined),
      () => onCancel(undefined),
    );
  }

  onPush(): void {
    this.outside.put(this.grab(this.in));
    if (!this.outside.full) this.pull(this.in);
  }

  onUpstreamFinish(): void {
    this.outside.end(undefined);
    this.completeStage();
  }

  onUpstreamFailure(error: Error): void {
    this.outside.end(error);
    this.failStage(error);
  }

  override postStop(): void {
    this.outside.end(
      new EngineError("STREAM_STOPPED", "Cannot pull an element as the stream must run: it was stopped"),
    );
  }
}

class SinkQueueLogic<T> extends OutsideLogic<T, SinkQueue<T>> {
  override readonly materialized: SinkQueue<T> = this.outside;
}

class IterableLogic<T> extends OutsideLogic<T, AsyncIterableIterator<T>> {
  override readonly materialized: AsyncIterableIterator<T> = new PullIterator(this.outside);
}

interface Pull<T> {
  resolve(element: T | undefined): void;
  reject(error: Error): void;
}

class OutsideQueue<T> implements SinkQueue<T> {
  readonly #held: Ring<T>;
  readonly #pulls: Ring<Pull<T>>;
  readonly #onRoom: () => void;
  readonly #onCancel: () => void;
  #ended = false;
  #error: Error | undefined;

  constructor(bufferMax: number, onRoom: () => void, onCancel: () => void) {
    this.#held = new Ring(bufferMax);
    this.#pulls = new Ring(bufferMax);
    this.#onRoom = onRoom;
    this.#onCancel = onCancel;
  }

  get full(): boolean {
    return this.#held.full;
  }

  pull(): Promise<T | undefined> {
    if (this.#error !== undefined) return Promise.reject(this.#error);
    const wasFull = this.#held.full;
    const element = this.#held.shift();
    if (element !== undefined) {
      if (wasFull && !this.#ended) this.#onRoom();
      return Promise.resolve(element);
    }
    if (this.#ended) return Promise.resolve(undefined);
    if (this.#pulls.full) {
      const sentence = `Cannot pull an element as at most ${this.#pulls.capacity} pulls may wait: it is one more`;
      return Promise.reject(new EngineError("MAILBOX_FULL", sentence, { retryable: true }));
    }
    return new Promise((resolve, reject) => {
      this.#pulls.push({ resolve, reject });
    });
  }

  cancel(): void {
    this.end(undefined);
    this.#held.clear();
    this.#onCancel();
  }

  put(element: T): void {
    const pull = this.#pulls.shift();
    if (pull !== undefined) pull.resolve(element);
    else if (!this.#ended) this.#held.push(element);
  }

  /** The first call counts. */
  end(error: Error | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    if (error !== undefined) this.#held.clear();
    for (let pull = this.#pulls.shift(); pull !== undefined; pull = this.#pulls.shift()) {
      if (error === undefined) pull.resolve(undefined);
      else pull.reject(error);
    }
  }
}

class PullIterator<T> implements AsyncIterableIterator<T> {
  readonly #queue: SinkQueue<T>;

  constructor(queue: SinkQueue<T>) {
    this.#queue = queue;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<T>> {
    const value = await this.#queue.pull();
    return value === undefined ? { done: true, value } : { done: false, value };
  }

  return(): Promise<IteratorResult<T>> {
    this.#queue.cancel();
    return Promise.resolve({ done: true, value: undefined });
  }
}
