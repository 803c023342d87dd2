import assert from "node:assert/strict";
import { EngineError, sentenceOf } from "../../errors.ts";
import { Ring } from "../ring.ts";

/** What a full buffer drops: the oldest, the youngest held, or the new one; or it fails with `BUFFER_FULL`. */
export type NotificationOverflow = "dropHead" | "dropTail" | "dropNew" | "fail";

/** Holds what RxJS notifies, which knows no demand, until a stage may emit it. */
export class NotificationBuffer<T> {
  readonly #ring: Ring<T>;
  readonly #overflow: NotificationOverflow;

  /** @param bufferMax Elements held at most; at least 1. */
  constructor(bufferMax: number, overflow: NotificationOverflow) {
    assert(Number.isInteger(bufferMax) && bufferMax >= 1, "a buffer holds at least one element");
    this.#ring = new Ring(bufferMax);
    this.#overflow = overflow;
  }

  get size(): number {
    return this.#ring.size;
  }

  /** @returns the error to fail with where it must hold the element and cannot. */
  hold(element: T): EngineError | undefined {
    if (this.#ring.full) {
      if (this.#overflow === "dropNew") return undefined;
      if (this.#overflow === "fail") {
        const sentence = `Cannot buffer a notification as buffer_max must hold them: it is ${this.#ring.capacity}`;
        return new EngineError("BUFFER_FULL", sentence);
      }
      if (this.#overflow === "dropHead") this.#ring.shift();
      else this.#ring.pop();
    }
    this.#ring.push(element);
    return undefined;
  }

  /** The oldest; only where there is one. */
  shift(): T {
    return this.#ring.shift() as T;
  }

  clear(): void {
    this.#ring.clear();
  }
}

/** What RxJS failed with, as an error. */
export function notifiedError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  const sentence = `Cannot read an Observable as it must fail with an error: it is ${sentenceOf(thrown)}`;
  return new EngineError("STAGE_FAILED", sentence, { cause: thrown });
}
