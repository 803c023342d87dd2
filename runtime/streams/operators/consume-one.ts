import { EngineError } from "../../errors.ts";
import type { GraphStage } from "../graph-stage.ts";
import { SinkLogic, sinkStage } from "../linear-stage.ts";
import type { SinkShape } from "../shape.ts";
import { Settlement } from "./settlement.ts";

/**
 * Waits for the first element, if there is one.
 *
 * Emits:         nothing. Materialises a promise of the element, or of undefined where the stream is empty; it rejects when upstream
 *                failed before or was stopped.
 * Backpressures: never.
 * Completes:     with the first element, or when upstream completes.
 * Cancels:       with the first element.
 * State:         none.
 * Delivery:      one element.
 */
export function headOption<T>(): GraphStage<SinkShape<T>, Promise<T | undefined>> {
  return sinkStage<T, Promise<T | undefined>>("headOption", (shape) => new HeadOptionLogic(shape));
}

/**
 * Waits for the last element.
 *
 * Emits:         nothing. Materialises a promise of the element, which rejects with `STREAM_STOPPED` when there is none, and when
 *                upstream failed or was stopped.
 * Backpressures: never.
 * Completes:     when upstream completes.
 * Cancels:       never by itself.
 * State:         one element.
 * Delivery:      one element.
 */
export function last<T>(): GraphStage<SinkShape<T>, Promise<T>> {
  return sinkStage<T, Promise<T>>("last", (shape) => new ReduceLogic<T, T>(shape, (_, element) => element, mandatory));
}

/**
 * Waits for the last element, if there is one.
 *
 * Emits:         nothing. Materialises a promise of the element, or of undefined where the stream is empty; it rejects when upstream
 *                failed or was stopped.
 * Backpressures: never.
 * Completes:     when upstream completes.
 * Cancels:       never by itself.
 * State:         one element.
 * Delivery:      one element.
 */
export function lastOption<T>(): GraphStage<SinkShape<T>, Promise<T | undefined>> {
  return sinkStage<T, Promise<T | undefined>>(
    "lastOption",
    (shape) =>
      new ReduceLogic<T, T | undefined>(
        shape,
        (_, element) => element,
        (sum) => sum,
      ),
  );
}

/**
 * Adds up a stream that is not empty, beginning with its first element.
 *
 * Emits:         nothing. Materialises a promise of the sum, which rejects with `STREAM_STOPPED` when there is no element, and when
 *                upstream failed or was stopped.
 * Backpressures: never.
 * Completes:     when upstream completes.
 * Cancels:       when `add` throws.
 * State:         the sum.
 * Delivery:      each element once; fails where `add` throws.
 */
export function reduceInto<T>(add: (sum: T, element: T) => T): GraphStage<SinkShape<T>, Promise<T>> {
  return sinkStage<T, Promise<T>>("reduce", (shape) => new ReduceLogic<T, T>(shape, add, mandatory));
}

function mandatory<T>(sum: T | undefined): T {
  if (sum !== undefined) return sum;
  throw new EngineError("STREAM_STOPPED", "Cannot take an element as the stream must have one: it is empty");
}

class HeadOptionLogic<T> extends SinkLogic<T, Promise<T | undefined>> {
  readonly #settlement = new Settlement<T | undefined>();
  override readonly materialized = this.#settlement.promise;

  onPush(): void {
    this.#settlement.resolve(this.grab(this.in));
    this.completeStage();
  }

  onUpstreamFinish(): void {
    this.#settlement.resolve(undefined);
    this.completeStage();
  }

  onUpstreamFailure(error: Error): void {
    this.#settlement.reject(error);
    this.failStage(error);
  }

  override postStop(): void {
    this.#settlement.abandon();
  }
}

class ReduceLogic<T, R> extends SinkLogic<T, Promise<R>> {
  readonly #settlement = new Settlement<R>();
  override readonly materialized = this.#settlement.promise;
  readonly #add: (sum: T, element: T) => T;
  readonly #finish: (sum: T | undefined) => R;
  #sum: T | undefined;

  constructor(shape: SinkShape<T>, add: (sum: T, element: T) => T, finish: (sum: T | undefined) => R) {
    super(shape);
    this.#add = add;
    this.#finish = finish;
  }

  onPush(): void {
    const element = this.grab(this.in);
    try {
      this.#sum = this.#sum === undefined ? element : this.#add(this.#sum, element);
    } catch (thrown) {
      // The promise tells the same reason as the run.
      if (thrown instanceof Error) this.#settlement.reject(thrown);
      throw thrown;
    }
    this.pull(this.in);
  }

  onUpstreamFinish(): void {
    try {
      this.#settlement.resolve(this.#finish(this.#sum));
    } catch (thrown) {
      // An empty stream is the caller's affair, and no failure of the run.
      if (thrown instanceof Error) this.#settlement.reject(thrown);
    }
    this.completeStage();
  }

  onUpstreamFailure(error: Error): void {
    this.#settlement.reject(error);
    this.failStage(error);
  }

  override postStop(): void {
    this.#settlement.abandon();
  }
}
