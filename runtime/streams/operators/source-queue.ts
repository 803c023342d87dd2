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
  /** Fails the stream; what waits is dropped. */
  fail(error: Error): void;
  /** Elements that wait. */
  readonly size: number;
  /** Calls `wake` once, when an offer would not be answered "full". The same function waits at most once. */
  onRoom(wake: () => void): void;
}

/**
 * Emits what is offered from outside.
 *
 * Emits:         offered elements, in order.
 * Backpressures: an offer to a full queue is refused.
 * Completes:     after `complete`, when the queue is empty; `fail` overtakes what waits.
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

class QueueLogic<T> extends SourceLogic<T, SourceQueue<T>> {
  override readonly materialized: OfferQueue<T>;

  constructor(shape: SourceShape<T>, bufferMax: number) {
    super(shape);
    const wake = this.getAsyncCallback(() => this.#onWake());
    this.materialized = new OfferQueue(bufferMax, () => wake(undefined));
  }

  onPull(): void {
    this.#step();
  }

  override postStop(): void {
    this.materialized.close();
  }

  #onWake(): void {
    this.materialized.waking = false;
    if (this.materialized.error !== undefined) this.failStage(this.materialized.error);
    else {
      this.#step();
      this.materialized.tellRoom();
    }
  }

  #step(): void {
    const { materialized: offered } = this;
    if (this.isAvailable(this.out)) {
      const element = offered.take();
      if (element !== undefined) this.push(this.out, element);
    }
    if (offered.closed && offered.size === 0) this.completeStage();
  }
}

/** Shared by the producer and the stage, which take turns on one thread. */
class OfferQueue<T> implements SourceQueue<T> {
  /** No further element is accepted. */
  closed = false;
  error: Error | undefined;
  /** The stage knows that something has changed. */
  waking = false;
  readonly #ring: Ring<T>;
  #wake: () => void;
  #stopped = false;
  readonly #waiting = new Set<() => void>();

  constructor(bufferMax: number, wake: () => void) {
    this.#ring = new Ring(bufferMax);
    this.#wake = wake;
  }

  get size(): number {
    return this.#ring.size;
  }

  offer(element: T): "enqueued" | "full" | "closed" {
    if (this.closed) return "closed";
    if (this.#ring.full) return "full";
    this.#ring.push(element);
    this.#wakeOnce();
    return "enqueued";
  }

  complete(): void {
    this.closed = true;
    this.#wakeOnce();
  }

  fail(error: Error): void {
    if (this.closed) return;
    this.closed = true;
    this.error = error;
    this.#wakeOnce();
  }

  onRoom(wake: () => void): void {
    // Where the stage has stopped there is no later turn of it.
    if (this.#stopped) wake();
    else {
      this.#waiting.add(wake);
      this.#wakeOnce();
    }
  }

  take(): T | undefined {
    const element = this.#ring.shift();
    this.tellRoom();
    return element;
  }

  /** The stage has stopped. */
  close(): void {
    this.closed = true;
    this.#stopped = true;
    // The producer may hold the queue for long after, and is not to hold the stream by it.
    this.#wake = () => {};
    this.#ring.clear();
    this.tellRoom();
  }

  #wakeOnce(): void {
    if (this.waking) return;
    this.waking = true;
    this.#wake();
  }

  /** Wakes those who wait for room, if there is some or never will be. */
  tellRoom(): void {
    if (this.#waiting.size === 0 || (this.#ring.full && !this.closed)) return;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }
}
