/**
 * The protocol of Reactive Streams in JavaScript: what Java calls `long` is a number here, `Infinity` included, and what it calls
 * a thread is a turn. Every edge that speaks it keeps rules 1.1 to 3.17 as far as they can apply.
 *
 * @see https://github.com/reactive-streams/reactive-streams-jvm, version 1.0.4
 */
export interface Publisher<out T> {
  /** Calls `onSubscribe` before any other signal, also where it rejects the subscriber. */
  subscribe(subscriber: Subscriber<T>): void;
}

/** The receiving end. Its methods return normally, and are never called inside one another. */
export interface Subscriber<in T> {
  onSubscribe(subscription: Subscription): void;
  /** At most as often as was requested; never undefined or null. */
  onNext(element: T): void;
  /** Nothing follows. */
  onError(error: Error): void;
  /** Nothing follows. */
  onComplete(): void;
}

/** One subscriber's hand on one publisher. Its methods never throw; after `cancel` they do nothing. */
export interface Subscription {
  /** Adds to what may be sent. A whole number from 1, or Infinity; anything else is answered with `onError`. */
  request(count: number): void;
  cancel(): void;
}
