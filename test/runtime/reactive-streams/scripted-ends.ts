import type { Publisher, Subscriber, Subscription } from "../../../runtime/streams/publisher.ts";

/** Whether an end answers inside the call that asks, or in a turn of its own. */
export type Reply = "at once" | "later";

/** A publisher of 1, 2, 3, … that has what the script supplies. One subscriber. */
export class ScriptedPublisher implements Publisher<number>, Subscription {
  cancelled = false;
  ended: "open" | "completed" | "failed" = "open";
  sent = 0;
  /** Supplied and not sent. */
  available = 0;
  readonly #soon: (run: () => void) => void;
  readonly #elementsMax: number;
  #subscriber: Subscriber<number> | undefined;
  #demand = 0;
  #draining = false;
  #end: "open" | "completed" | Error = "open";

  /** @param soon How it answers a request. */
  constructor(soon: (run: () => void) => void, elementsMax = 200) {
    this.#soon = soon;
    this.#elementsMax = elementsMax;
  }

  subscribe(subscriber: Subscriber<number>): void {
    this.#subscriber = subscriber;
    // What is asked for inside onSubscribe is sent after it: signals are not inside one another.
    this.#draining = true;
    subscriber.onSubscribe(this);
    this.#draining = false;
    this.#drain();
  }

  request(count: number): void {
    if (this.cancelled) return;
    this.#demand += count;
    this.#soon(() => this.#drain());
  }

  cancel(): void {
    this.cancelled = true;
    this.#subscriber = undefined;
  }

  supply(count: number): void {
    if (this.#end !== "open") return;
    this.available += Math.min(count, this.#elementsMax - this.sent - this.available);
    this.#drain();
  }

  /** Ends after what was supplied; an error at once. */
  end(end: "completed" | Error): void {
    if (this.#end === "open") this.#end = end;
    this.#drain();
  }

  #drain(): void {
    // A request inside onNext adds to the loop that runs already.
    if (this.#draining) return;
    this.#draining = true;
    while (!(this.#end instanceof Error) && this.#demand > 0 && this.available > 0 && this.#subscriber !== undefined) {
      this.#demand -= 1;
      this.available -= 1;
      this.sent += 1;
      this.#subscriber.onNext(this.sent);
    }
    this.#draining = false;
    if (this.#end instanceof Error) this.#finish("failed", (subscriber) => subscriber.onError(this.#end as Error));
    else if (this.#end === "completed" && this.available === 0) this.#finish("completed", (to) => to.onComplete());
  }

  #finish(ended: "completed" | "failed", tell: (subscriber: Subscriber<number>) => void): void {
    const subscriber = this.#subscriber;
    if (subscriber === undefined || this.ended !== "open") return;
    this.ended = ended;
    this.#subscriber = undefined;
    tell(subscriber);
  }
}

/** A subscriber that asks when the script does and, if it replies at once, for one more inside each element. */
export class ScriptedSubscriber implements Subscriber<unknown> {
  readonly received: unknown[] = [];
  end: "open" | "completed" | Error = "open";
  readonly #reply: Reply;
  #subscription: Subscription | undefined;

  constructor(reply: Reply) {
    this.#reply = reply;
  }

  onSubscribe(subscription: Subscription): void {
    this.#subscription = subscription;
    if (this.#reply === "at once") subscription.request(1);
  }

  onNext(element: unknown): void {
    this.received.push(element);
    if (this.#reply === "at once" && this.received.length % 3 !== 0) this.#subscription?.request(1);
  }

  onError(error: Error): void {
    this.end = error;
  }

  onComplete(): void {
    this.end = "completed";
  }

  request(count: number): void {
    if (this.end === "open") this.#subscription?.request(count);
  }

  cancel(): void {
    if (this.end === "open") this.#subscription?.cancel();
  }
}
