import type { GraphStageLogic } from "../graph-stage.ts";

/** What a function that may take its time gave: a value at once, or a promise of one. */
export type Eventually<T> = Promise<T> | T;

export function isPromise<T>(value: Eventually<T>): value is Promise<T> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

/** Calls one of two functions, in a turn of the stage, once a promise has settled. */
export class PromiseCallbacks<Context, T> {
  readonly #onValue: (settled: { context: Context; value: T }) => void;
  readonly #onError: (settled: { context: Context; thrown: unknown }) => void;

  constructor(
    logic: GraphStageLogic<unknown>,
    onValue: (context: Context, value: T) => void,
    onError: (context: Context, thrown: unknown) => void,
  ) {
    this.#onValue = logic.getAsyncCallback(({ context, value }) => onValue(context, value));
    this.#onError = logic.getAsyncCallback(({ context, thrown }) => onError(context, thrown));
  }

  /** @param context Handed on to the function that is called. */
  await(promise: Promise<T>, context: Context): void {
    promise.then(
      (value) => this.#onValue({ context, value }),
      (thrown: unknown) => this.#onError({ context, thrown }),
    );
  }
}
