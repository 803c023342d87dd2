import { Observable, type Subscriber } from "rxjs";
import { EngineError } from "../../errors.ts";
import type { GraphStage } from "../graph-stage.ts";
import { SinkLogic, sinkStage } from "../linear-stage.ts";
import type { SinkShape } from "../shape.ts";

/**
 * Gives its elements to the subscribers of an Observable.
 *
 * Emits:         nothing. Materialises the Observable: whoever subscribes later hears what follows, and how it ended.
 * Backpressures: until there is the first subscriber; then never, as an Observable cannot.
 * Completes:     when upstream completes.
 * Cancels:       when the last subscriber has unsubscribed.
 * State:         none beyond the subscribers.
 * Delivery:      each element to each subscriber of the moment; a failure, or `STREAM_STOPPED`, to all.
 */
export function asObservable<T>(): GraphStage<SinkShape<T>, Observable<T>> {
  return sinkStage<T, Observable<T>>("asObservable", (shape) => new AsObservableLogic(shape));
}

class AsObservableLogic<T> extends SinkLogic<T, Observable<T>> {
  override readonly materialized: Observable<T>;
  readonly #subscribers = new Set<Subscriber<T>>();
  #end: "open" | "completed" | Error = "open";

  constructor(shape: SinkShape<T>) {
    super(shape);
    const onChange = this.getAsyncCallback(() => {
      if (this.isClosed(this.in)) return;
      if (this.#subscribers.size === 0) {
        this.#end = "completed";
        this.completeStage();
      } else if (!this.hasBeenPulled(this.in)) this.pull(this.in);
    });
    this.materialized = new Observable<T>((subscriber) => {
      if (this.#end !== "open") {
        tell(subscriber, this.#end);
        return undefined;
      }
      this.#subscribers.add(subscriber);
      onChange(undefined);
      return () => {
        if (this.#subscribers.delete(subscriber)) onChange(undefined);
      };
    });
  }

  override preStart(): void {}

  onPush(): void {
    const element = this.grab(this.in);
    for (const subscriber of this.#subscribers) subscriber.next(element);
    this.pull(this.in);
  }

  onUpstreamFinish(): void {
    this.#finish("completed");
    this.completeStage();
  }

  onUpstreamFailure(error: Error): void {
    this.#finish(error);
    this.completeStage();
  }

  override postStop(): void {
    const sentence = "Cannot go on with an Observable as its stream must run: it was stopped";
    if (this.#end === "open") this.#finish(new EngineError("STREAM_STOPPED", sentence));
  }

  #finish(end: "completed" | Error): void {
    this.#end = end;
    const subscribers = [...this.#subscribers];
    this.#subscribers.clear();
    for (const subscriber of subscribers) tell(subscriber, end);
  }
}

function tell(subscriber: Subscriber<unknown>, end: "completed" | Error): void {
  if (end === "completed") subscriber.complete();
  else subscriber.error(end);
}
