import assert from "node:assert/strict";
import { EngineError, sentenceOf } from "../../errors.ts";
import type { Log } from "../../log.ts";
import type { Subscriber, Subscription } from "../publisher.ts";

/**
 * The subscription that a publisher of ours hands out. It counts demand and says nothing by itself: signals are sent in turns of
 * the stage, so that none is ever inside another.
 */
export class PublisherSubscription<T> implements Subscription {
  /** Elements requested and not sent; Infinity once it passes what a number can count. */
  demand = 0;
  /** What the subscriber did that ends the subscription, and was not told yet. */
  fault: EngineError | undefined;
  /** Forgotten on cancellation, as rule 3.13 asks. */
  #subscriber: Subscriber<T> | undefined;
  readonly #wake: () => void;

  /** @param wake Something has changed: take a step soon. */
  constructor(subscriber: Subscriber<T>, wake: () => void) {
    this.#subscriber = subscriber;
    this.#wake = wake;
  }

  get cancelled(): boolean {
    return this.#subscriber === undefined;
  }

  request(count: number): void {
    if (this.#subscriber === undefined || this.fault !== undefined) return;
    if (count >= 1 && (Number.isInteger(count) || count === Number.POSITIVE_INFINITY)) {
      const demand = this.demand + count;
      this.demand = demand > Number.MAX_SAFE_INTEGER ? Number.POSITIVE_INFINITY : demand;
    } else {
      const sentence = `Cannot request elements as their count must be a whole number >= 1: it is ${String(count)}`;
      this.fault = new EngineError("STAGE_FAILED", sentence);
    }
    this.#wake();
  }

  cancel(): void {
    if (this.#subscriber === undefined) return;
    this.#subscriber = undefined;
    this.fault = undefined;
    this.#wake();
  }

  /** @returns what the subscriber threw. */
  start(): EngineError | undefined {
    return outcomeOf(() => this.#subscriber?.onSubscribe(this));
  }

  /** @returns what the subscriber threw. */
  next(element: T): EngineError | undefined {
    const subscriber = this.#subscriber;
    if (subscriber === undefined || this.fault !== undefined) return undefined;
    this.demand -= 1;
    try {
      subscriber.onNext(element);
      return undefined;
    } catch (thrown) {
      return thrownBy(thrown);
    }
  }

  /** @returns what the subscriber threw. */
  end(end: "completed" | Error): EngineError | undefined {
    const subscriber = this.#subscriber;
    this.#subscriber = undefined;
    this.fault = undefined;
    if (subscriber === undefined) return undefined;
    return outcomeOf(() => (end === "completed" ? subscriber.onComplete() : subscriber.onError(end)));
  }
}

/** Rule 1.9: a subscriber must be there. */
export function checkedSubscriber<T>(subscriber: Subscriber<T> | null | undefined): Subscriber<T> {
  assert(subscriber !== null && subscriber !== undefined, "a publisher is subscribed to by a subscriber");
  return subscriber;
}

/** Tells a subscriber that there is nothing for it: `onSubscribe`, then why. Without an error it is told of the completion. */
export function rejectSubscriber<T>(subscriber: Subscriber<T>, error: Error | undefined, log: Log): void {
  const subscription = new PublisherSubscription<T>(subscriber, () => {});
  const failure = subscription.start() ?? subscription.end(subscription.fault ?? error ?? "completed");
  if (failure !== undefined) log.error("A subscriber threw as it was rejected", { error: failure.message });
}

function outcomeOf(call: () => void): EngineError | undefined {
  try {
    call();
    return undefined;
  } catch (thrown) {
    return thrownBy(thrown);
  }
}

function thrownBy(thrown: unknown): EngineError {
  const sentence = `Cannot signal a subscriber as it must return normally: it threw "${sentenceOf(thrown)}"`;
  return new EngineError("STAGE_FAILED", sentence, { cause: thrown });
}
