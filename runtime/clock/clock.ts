/** A timer that can be called off. Cancelling one that has fired does nothing. */
export interface Timer {
  cancel(): void;
}

/**
 * The only source of time, chance and turns in the engine: a graph runs under a virtual clock and a seed because nothing asks
 * elsewhere.
 */
export interface Clock {
  /** Milliseconds since the epoch, UTC; may be set back by the system. */
  now(): number;
  /** Milliseconds from an arbitrary start; never goes back. Fractions are meaningful. */
  monotonic(): number;
  /** Calls `run` once, at least `delayMs` from now. */
  after(delayMs: number, run: () => void): Timer;
  /** Calls `run` after the current turn and after pending I/O has had its chance. */
  soon(run: () => void): void;
  /** A number in [0, 1). */
  random(): number;
  /**
   * Which of `count` that may each go first does, from 0: asked where no order was promised, as between actors that wait for a
   * turn. Not there where the first that came goes first. Tests permute runs by it.
   */
  readonly choose?: (count: number) => number;
}
