import { EngineError } from "../../errors.ts";
import type { GraphStage } from "../graph-stage.ts";
import { SinkLogic, sinkStage } from "../linear-stage.ts";
import type { Publisher, Subscriber } from "../publisher.ts";
import type { SinkShape } from "../shape.ts";
import { checkedSubscriber, PublisherSubscription, rejectSubscriber } from "./publisher-subscription.ts";

/** Subscribers of one fan-out at most: each element costs a call of each. */
const subscribersMax = 1_024;

/**
 * Gives its elements to subscribers of the Reactive Streams protocol.
 *
 * Emits:         nothing. Materialises the publisher.
 * Backpressures: until there is a subscriber, and while any has no demand: the slowest governs. Nothing is read ahead.
 * Completes:     when upstream completes; subscribers that come later hear how it ended.
 * Cancels:       when the last subscriber has cancelled; fails where the last one threw or requested less than 1 element.
 * State:         one subscription, or 1,024 with `fanout`; one more is rejected with an error.
 * Delivery:      each element once to every subscriber that is there, in order.
 *
 * @param fanout Whether there may be more than one subscriber.
 */
export function toPublisher<T>(fanout: boolean): GraphStage<SinkShape<T>, Publisher<T>> {
  return sinkStage<T, Publisher<T>>("toPublisher", (shape) => new ToPublisherLogic(shape, fanout));
}

class ToPublisherLogic<T> extends SinkLogic<T, Publisher<T>> {
  override readonly materialized: Publisher<T>;
  readonly #fanout: boolean;
  readonly #wakeUp: (nothing: undefined) => void;
  /** Replaced when one joins or leaves, so that a round of signals sees those who were there when it began. */
  #subscriptions: readonly PublisherSubscription<T>[] = [];
  #end: "open" | "completed" | Error = "open";
  /** Why the last subscriber left. */
  #cause: Error | undefined;
  #subscribed = false;
  /** A step is under way or will follow, so that none need be asked for. Until the start there are no turns. */
  #waking = true;

  constructor(shape: SinkShape<T>, fanout: boolean) {
    super(shape);
    this.#fanout = fanout;
    this.#wakeUp = this.getAsyncCallback(() => this.#step());
    this.materialized = { subscribe: (subscriber) => this.#subscribe(checkedSubscriber(subscriber)) };
  }

  override preStart(): void {
    this.#step();
  }

  onPush(): void {
    const element = this.grab(this.in);
    this.#waking = true;
    for (const subscription of this.#subscriptions) this.#leaveIfFailed(subscription, subscription.next(element));
    this.#step();
  }

  onUpstreamFinish(): void {
    this.#finish("completed");
    this.completeStage();
  }

  onUpstreamFailure(error: Error): void {
    this.#finish(error);
    this.failStage(error);
  }

  override postStop(): void {
    this.#finish(new EngineError("STREAM_STOPPED", "Cannot publish an element as the stream must run: it has stopped"));
  }

  #subscribe(subscriber: Subscriber<T>): void {
    const places = this.#fanout ? subscribersMax : 1;
    const taken = this.#fanout ? this.#subscriptions.length : Number(this.#subscribed);
    if (taken >= places) {
      const sentence = `Cannot subscribe as the publisher serves at most ${places}: it is one more`;
      rejectSubscriber(subscriber, new EngineError("BUFFER_FULL", sentence), this.log);
    } else if (this.#end !== "open") {
      this.#subscribed = true;
      rejectSubscriber(subscriber, this.#end === "completed" ? undefined : this.#end, this.log);
    } else {
      this.#subscribed = true;
      const subscription = new PublisherSubscription<T>(subscriber, () => this.#wake());
      this.#subscriptions = [...this.#subscriptions, subscription];
      this.#leaveIfFailed(subscription, subscription.start());
    }
  }

  /** Looks at what subscribers did: those that broke a rule are told, those that left are forgotten. */
  #step(): void {
    this.#waking = true;
    for (const subscription of this.#subscriptions) {
      if (subscription.fault !== undefined) this.#fail(subscription, subscription.fault);
    }
    const left = this.#subscriptions.filter(({ cancelled }) => !cancelled);
    if (left.length < this.#subscriptions.length) this.#subscriptions = left;
    this.#waking = false;
    if (this.isClosed(this.in)) return;
    if (left.length === 0) {
      if (this.#subscribed) this.cancelStage(this.#cause);
    } else if (!this.hasBeenPulled(this.in) && left.every(({ demand }) => demand > 0)) this.pull(this.in);
  }

  #finish(end: "completed" | Error): void {
    if (this.#end !== "open") return;
    this.#end = end;
    const told = this.#subscriptions;
    this.#subscriptions = [];
    for (const subscription of told) this.#report(subscription.end(subscription.fault ?? end));
  }

  #fail(subscription: PublisherSubscription<T>, fault: Error): void {
    this.#cause = fault;
    this.#report(subscription.end(fault));
  }

  #leaveIfFailed(subscription: PublisherSubscription<T>, failure: Error | undefined): void {
    if (failure === undefined) return;
    subscription.cancel();
    this.#cause = failure;
    this.#report(failure);
  }

  #report(failure: Error | undefined): void {
    if (failure !== undefined)
      this.log.error("A subscriber threw and is taken for cancelled", { error: failure.message });
  }

  #wake(): void {
    if (this.#waking) return;
    this.#waking = true;
    this.#wakeUp(undefined);
  }
}
