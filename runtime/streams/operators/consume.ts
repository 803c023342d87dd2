import { EngineError } from "../../errors.ts";
import type { Kernel } from "../fused/kernel.ts";
import type { GraphStage } from "../graph-stage.ts";
import { SinkLogic, sinkStage } from "../linear-stage.ts";
import type { SinkShape } from "../shape.ts";
import { Settlement } from "./settlement.ts";

/**
 * Calls a function with each element.
 *
 * Emits:         nothing. Materialises a promise that resolves when upstream completed, and rejects when it failed or was stopped.
 * Backpressures: never.
 * Completes:     when upstream completes.
 * Cancels:       when `run` throws.
 * State:         none.
 * Delivery:      each element once; fails where `run` throws.
 */
export function foreach<T>(run: (element: T) => void): GraphStage<SinkShape<T>, Promise<void>> {
  return sinkStage<T, Promise<void>>(
    "foreach",
    (shape) => new FoldLogic<T, void>(shape, undefined, (_, e) => run(e), run),
  );
}

/**
 * Adds up a whole stream.
 *
 * Emits:         nothing. Materialises a promise of the sum, which rejects when upstream failed or was stopped. `zero` is shared by
 *                all runs: do not change it.
 * Backpressures: never.
 * Completes:     when upstream completes.
 * Cancels:       when `add` throws.
 * State:         the sum.
 * Delivery:      each element once; fails where `add` throws.
 */
export function foldInto<T, R>(zero: R, add: (sum: R, element: T) => R): GraphStage<SinkShape<T>, Promise<R>> {
  return sinkStage<T, Promise<R>>("fold", (shape) => new FoldLogic(shape, zero, add));
}

/**
 * Keeps all elements, for short streams and tests.
 *
 * Emits:         nothing. Materialises a promise of the elements in order, which rejects when upstream failed or was stopped.
 * Backpressures: never.
 * Completes:     when upstream completes.
 * Cancels:       with `BUFFER_FULL`, when there are more than `elementsMax`.
 * State:         up to `elementsMax` elements, ten million unless told.
 * Delivery:      each element once.
 */
export function collect<T>(elementsMax = 10_000_000): GraphStage<SinkShape<T>, Promise<T[]>> {
  return sinkStage<T, Promise<T[]>>("collect", (shape) => {
    const elements: T[] = [];
    return new FoldLogic<T, T[]>(shape, elements, (_, element) => {
      if (elements.length >= elementsMax) {
        const sentence = `Cannot collect the stream as elements_max must hold it: it is ${elementsMax}`;
        throw new EngineError("BUFFER_FULL", sentence);
      }
      elements.push(element);
      return elements;
    });
  });
}

/**
 * Waits for the first element.
 *
 * Emits:         nothing. Materialises a promise of the element, which rejects with `STREAM_STOPPED` when there is none.
 * Backpressures: never.
 * Completes:     with the first element, or when upstream completes.
 * Cancels:       with the first element.
 * State:         none.
 * Delivery:      one element.
 */
export function head<T>(): GraphStage<SinkShape<T>, Promise<T>> {
  return sinkStage<T, Promise<T>>("head", (shape) => new HeadLogic(shape));
}

/**
 * Wants nothing.
 *
 * Emits:         nothing.
 * Backpressures: never asks.
 * Completes:     at once.
 * Cancels:       at once.
 * State:         none.
 * Delivery:      none.
 */
export function cancelled<T>(): GraphStage<SinkShape<T>> {
  return sinkStage<T>("cancelled", (shape) => new CancelledLogic(shape));
}

class FoldLogic<T, R> extends SinkLogic<T, Promise<R>> {
  readonly #settlement = new Settlement<R>();
  override readonly materialized = this.#settlement.promise;
  readonly kernel: Kernel;
  readonly #add: (sum: R, element: T) => R;
  #sum: R;

  /** @param run What `add` comes to where there is no sum. */
  constructor(shape: SinkShape<T>, zero: R, add: (sum: R, element: T) => R, run?: (element: T) => void) {
    super(shape);
    this.#sum = zero;
    this.#add = add;
    const outcome = this.#settlement;
    this.kernel =
      run === undefined
        ? { kind: "into", zero, run: add as (sum: unknown, element: unknown) => unknown, outcome }
        : { kind: "foreach", run: run as (element: unknown) => void, outcome };
  }

  onPush(): void {
    const element = this.grab(this.in);
    try {
      this.#sum = this.#add(this.#sum, element);
    } catch (thrown) {
      // The promise tells the same reason as the run.
      if (thrown instanceof Error) this.#settlement.reject(thrown);
      throw thrown;
    }
    this.pull(this.in);
  }

  onUpstreamFinish(): void {
    this.#settlement.resolve(this.#sum);
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

class HeadLogic<T> extends SinkLogic<T, Promise<T>> {
  readonly #settlement = new Settlement<T>();
  override readonly materialized = this.#settlement.promise;

  onPush(): void {
    this.#settlement.resolve(this.grab(this.in));
    this.completeStage();
  }

  onUpstreamFinish(): void {
    this.#settlement.reject(
      new EngineError("STREAM_STOPPED", "Cannot take the first element as the stream must have one: it is empty"),
    );
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

class CancelledLogic<T> extends SinkLogic<T> {
  override preStart(): void {
    this.cancel(this.in);
  }

  onPush(): void {}
}
