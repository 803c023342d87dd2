/**
 * Counts what may pass in a time: tokens come one by one at a fixed rate, up to a capacity, and begin at that.
 *
 * @see Pekko, `util/TokenBucket.scala`
 */
export class TokenBucket {
  readonly #capacity: number;
  readonly #intervalMs: number;
  #tokens: number;
  /** When the last token came; in the future where tokens are owed. */
  #lastMs: number;

  /**
   * @param capacity Tokens that may lie ready, at least 0.
   * @param intervalMs Between two tokens, above 0.
   * @param nowMs By a clock that never goes back, as in `take`.
   */
  constructor(capacity: number, intervalMs: number, nowMs: number) {
    this.#capacity = capacity;
    this.#intervalMs = intervalMs;
    this.#tokens = capacity;
    this.#lastMs = nowMs;
  }

  /**
   * Takes tokens, also those to come.
   *
   * @returns milliseconds until they are there; 0 where they are there now. Not to be called again before.
   */
  take(count: number, nowMs: number): number {
    const arrived = Math.max(0, Math.floor((nowMs - this.#lastMs) / this.#intervalMs));
    this.#lastMs += arrived * this.#intervalMs;
    this.#tokens = Math.min(this.#tokens + arrived, this.#capacity);
    if (count <= this.#tokens) {
      this.#tokens -= count;
      return 0;
    }
    const readyMs = this.#lastMs + (count - this.#tokens) * this.#intervalMs;
    this.#tokens = 0;
    this.#lastMs = readyMs;
    return Math.max(0, readyMs - nowMs);
  }
}
