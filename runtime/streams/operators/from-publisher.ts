import assert from "node:assert/strict";
import { EngineError, sentenceOf } from "../../errors.ts";
import type { GraphStage } from "../graph-stage.ts";
import { SourceLogic, sourceStage } from "../linear-stage.ts";
import type { Publisher, Subscriber, Subscription } from "../publisher.ts";
import { Ring } from "../ring.ts";
import type { SourceShape } from "../shape.ts";

/** Elements that a publisher may send ahead of demand. */
const windowMax = 16;

/** What is asked for again at once, so that most elements arrive without a request of their own. */
const requestSize = windowMax / 2;

/**
 * Subscribes to a publisher of the Reactive Streams protocol.
 *
 * Emits:         what it publishes, in order.
 * Backpressures: the publisher: it asks for 16 elements at first, then for 8 or more whenever as many have gone on.
 * Completes:     when it completed and what it sent ahead has gone on; its error overtakes that.
 * Cancels:       its subscription, when downstream cancels; fails where the publisher breaks the protocol.
 * State:         up to 16 elements.
 * Delivery:      each element once; what it sent ahead is dropped when the stream ends before.
 */
export function fromPublisher<T>(publisher: Publisher<T>): GraphStage<SourceShape<T>> {
  return sourceStage<T>("fromPublisher", (shape) => new FromPublisherLogic(shape, publisher));
}

class FromPublisherLogic<T> extends SourceLogic<T> {
  readonly #publisher: Publisher<T>;
  readonly #ring = new Ring<T>(windowMax);
  readonly #wake: (nothing: undefined) => void;
  readonly #failSoon: (error: Error) => void;
  #waking = false;
  #subscription: Subscription | undefined;
  /** Requested and not received. */
  #outstanding = 0;
  /** The publisher has said its last: the subscription is not to be called any more. */
  #terminated = false;
  /** The publisher broke the protocol. */
  #violated = false;

  constructor(shape: SourceShape<T>, publisher: Publisher<T>) {
    super(shape);
    this.#publisher = publisher;
    this.#wake = this.getAsyncCallback(() => {
      this.#waking = false;
      this.#step();
    });
    this.#failSoon = this.getAsyncCallback((error: Error) => this.failStage(error));
  }

  override preStart(): void {
    this.#publisher.subscribe(this.#subscriber());
  }

  onPull(): void {
    this.#step();
  }

  override postStop(): void {
    this.#ring.clear();
    if (!this.#terminated) this.#subscription?.cancel();
    this.#subscription = undefined;
  }

  #subscriber(): Subscriber<T> {
    return {
      onSubscribe: (subscription) => {
        assert(subscription !== null && subscription !== undefined, "a subscriber is handed a subscription");
        if (this.#subscription !== undefined || this.stageStopped) subscription.cancel();
        else {
          this.#subscription = subscription;
          this.#requestMore();
        }
      },
      onNext: (element) => {
        assert(element !== null && element !== undefined, "an element is there");
        this.#onNext(element);
      },
      onError: (error) => {
        assert(error !== null && error !== undefined, "a failure has an error");
        if (this.#terminated) return;
        this.#terminated = true;
        this.#failSoon(errorOf(error));
      },
      onComplete: () => {
        this.#terminated = true;
        this.#wakeOnce();
      },
    };
  }

  #onNext(element: T): void {
    // What was on its way when it was cancelled is not wanted any more.
    if (this.stageStopped || this.#terminated || this.#violated) return;
    if (this.#outstanding === 0) {
      this.#violated = true;
      const sentence = "Cannot take an element of the publisher as it must have been requested: it is one too many";
      this.#failSoon(new EngineError("STAGE_FAILED", sentence));
      return;
    }
    this.#outstanding -= 1;
    this.#ring.push(element);
    this.#wakeOnce();
  }

  #wakeOnce(): void {
    if (this.#waking) return;
    this.#waking = true;
    this.#wake(undefined);
  }

  #step(): void {
    if (this.#ring.size > 0 && this.isAvailable(this.out)) {
      this.push(this.out, this.#ring.shift() as T);
      this.#requestMore();
    }
    if (this.#terminated && this.#ring.size === 0) this.completeStage();
  }

  #requestMore(): void {
    const room = windowMax - this.#ring.size - this.#outstanding;
    if (room < requestSize || this.#terminated || this.#violated) return;
    this.#outstanding += room;
    this.#subscription?.request(room);
  }
}

function errorOf(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  const sentence = `Cannot read a publisher as it must fail with an error: it is ${sentenceOf(thrown)}`;
  return new EngineError("STAGE_FAILED", sentence, { cause: thrown });
}
