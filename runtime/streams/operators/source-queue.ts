import assert from "node:assert/strict";
import type { GraphStage } from "../graph-stage.ts";
import { SourceLogic, sourceStage } from "../linear-stage.ts";
import { Ring } from "../ring.ts";
import type { SourceShape } from "../shape.ts";

/** The door of a stream for code outside it. */
export interface SourceQueue<in T> {
  /** Hands in one element: "full" refuses it for now, "closed" for ever. */
  offer(element: T): "enqueued" | "full" | "closed";
  /** Nothing follows; what waits is still emitted. */
  complete(): void;
  /** Fails the stream at once; what waits is dropped. */
  fail(error: Error): void;
  /** Elements that wait. */
  readonly size: number;
  /** Calls `wake` once, as soon as an offer is not refused as "full"; also when the queue closes. */
  onRoom(wake: () => void): void;
  /** Calls `closed` once the stream has ended, with the failure or cancellation cause if there is one. */
  onClosed(closed: (cause?: Error) => void): void;
}

/**
 * Emits what is offered from outside.
 *
 * Emits:         offered elements, in order.
 * Backpressures: an offer to a full queue is refused.
 * Completes:     after `complete`, when the queue is empty; `fail` overtakes it.
 * Cancels:       it has no upstream; when downstream cancels, offers answer "closed".
 * State:         up to `bufferMax` elements.
 * Delivery:      each enqueued element once, unless the stream ends before.
 *
 * @param bufferMax At least 1.
 */
export function queue<T>(bufferMax: number): GraphStage<SourceShape<T>, SourceQueue<T>> {
  assert(Number.isInteger(bufferMax) && bufferMax >= 1, "a queue holds at least one element");
  return sourceStage<T, SourceQueue<T>>("queue", (shape) => new QueueLogic(shape, bufferMax));
}

class QueueLogic<T> extends SourceLogic<T, SourceQueue<T>> implements SourceQueue<T> {
  override readonly materialized: SourceQueue<T> = this;
  readonly #ring: Ring<T>;
  readonly #wake: (nothing: undefined) => void;
  readonly #failLater: (error: Error) => void;
  #waking = false;
  #closing = false;
  #cause: Error | undefined;
  #stopped = false;
  #onRoom: (() => void)[] = [];
  #onClosed: ((cause?: Error) => void)[] = [];

  constructor(shape: SourceShape<T>, bufferMax: number) {
    super(shape);
    this.#ring = new Ring(bufferMax);
    this.#wake = this.getAsyncCallback(() => {
      this.#waking = false;
      this.#step();
    });
    this.#failLater = this.getAsyncCallback((error: Error) => this.failStage(error));
  }
}
