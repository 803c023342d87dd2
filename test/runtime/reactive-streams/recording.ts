import type { Publisher, Subscriber, Subscription } from "../../../runtime/streams/publisher.ts";

export type SignalKind = "subscribe" | "onSubscribe" | "onNext" | "onError" | "onComplete" | "request" | "cancel";

/** One call across the edge between a publisher and a subscriber. */
export interface Signal {
  readonly kind: SignalKind;
  /** The element, error or count. */
  readonly value: unknown;
  /** Which of the subscriptions that the subscriber was handed, from 0. */
  readonly subscription: number;
  /** The calls on this edge that had not returned when it began, outermost first. */
  readonly inside: readonly SignalKind[];
  /** Step of the script. */
  readonly turn: number;
  /** Set once it threw. */
  thrown: unknown;
}

/** All that crossed between one publisher and one subscriber. */
export class Tape {
  readonly signals: Signal[] = [];
  /** The subscriber had been subscribed before. */
  readonly again: boolean;
  readonly #recording: Recording;
  readonly #open: SignalKind[] = [];

  constructor(recording: Recording, again: boolean) {
    this.#recording = recording;
    this.again = again;
  }

  of(...kinds: SignalKind[]): Signal[] {
    return this.signals.filter(({ kind }) => kinds.includes(kind));
  }

  call(kind: SignalKind, value: unknown, subscription: number, run: () => void): void {
    const inside = [...this.#open];
    const signal: Signal = { kind, value, subscription, inside, turn: this.#recording.turn, thrown: undefined };
    this.signals.push(signal);
    this.#open.push(kind);
    try {
      run();
    } catch (thrown) {
      signal.thrown = thrown;
      throw thrown;
    } finally {
      this.#open.pop();
    }
  }
}

/** A proxy between publishers and subscribers that writes down every call, and changes none. */
export class Recording {
  readonly tapes: Tape[] = [];
  /** Set by whoever drives the script. */
  turn = 0;
  readonly #seen = new Set<unknown>();

  between<T>(publisher: Publisher<T>): Publisher<T> {
    return {
      subscribe: (subscriber) => {
        const tape = new Tape(this, this.#seen.has(subscriber));
        this.#seen.add(subscriber);
        this.tapes.push(tape);
        tape.call("subscribe", undefined, 0, () => publisher.subscribe(recordedSubscriber(tape, subscriber)));
      },
    };
  }
}

function recordedSubscriber<T>(tape: Tape, subscriber: Subscriber<T>): Subscriber<T> {
  let subscriptions = 0;
  return {
    onSubscribe: (subscription) => {
      const index = subscriptions;
      subscriptions += 1;
      const recorded = recordedSubscription(tape, subscription, index);
      tape.call("onSubscribe", undefined, index, () => subscriber.onSubscribe(recorded));
    },
    onNext: (element) => tape.call("onNext", element, 0, () => subscriber.onNext(element)),
    onError: (error) => tape.call("onError", error, 0, () => subscriber.onError(error)),
    onComplete: () => tape.call("onComplete", undefined, 0, () => subscriber.onComplete()),
  };
}

function recordedSubscription(tape: Tape, subscription: Subscription, index: number): Subscription {
  return {
    request: (count) => tape.call("request", count, index, () => subscription.request(count)),
    cancel: () => tape.call("cancel", undefined, index, () => subscription.cancel()),
  };
}
