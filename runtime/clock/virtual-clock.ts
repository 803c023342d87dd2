import { EngineError } from "../errors.ts";
import type { Clock, Timer } from "./clock.ts";

/** Turns that one drain may run before it is taken for a livelock. */
const turnsMax = 10_000_000;

/** Rounds of I/O that `settle` waits for before it gives up. */
const roundsMax = 10_000;

/**
 * Time that moves only when told, and chance from a seed: the same seed and the same calls give the same run.
 */
export interface VirtualClock extends Clock {
  /** Timers that have been set and neither fired nor cancelled. */
  readonly pendingTimers: number;
  /**
   * Moves time on by `ms`, at least 0, firing timers in order of due time (order of setting where equal) and draining the `soon`
   * queue before the first and after each. A timer that is set meanwhile and due by the end fires too.
   */
  advance(ms: number): void;
  /** Drains the `soon` queue without moving time. Promises do not run. */
  runSoon(): void;
  /** Drains the `soon` queue, promises and ready I/O until nothing is left, without moving time. */
  settle(): Promise<void>;
}

/**
 * @param startMs Epoch milliseconds of the first `now()`; `monotonic()` starts at 0.
 * @param seed Any integer; taken modulo 2^32.
 */
export function virtualClock(startMs = 0, seed = 1): VirtualClock {
  return new SteppedClock(startMs, seed);
}

/** A virtual clock that may be told which of the timers due at one moment fires first. */
export class SteppedClock implements VirtualClock {
  readonly choose?: (count: number) => number;
  readonly #startMs: number;
  readonly random: () => number;
  #elapsedMs = 0;
  /** Ascending by due time, then by order of setting. */
  readonly #timers: VirtualTimer[] = [];
  #soon: (() => void)[] = [];
  #draining = false;

  constructor(startMs: number, seed: number, choose?: (count: number) => number) {
    this.#startMs = startMs;
    this.random = mulberry32(seed);
    if (choose !== undefined) this.choose = choose;
  }

  get pendingTimers(): number {
    return this.#timers.length;
  }

  now(): number {
    return this.#startMs + this.#elapsedMs;
  }

  monotonic(): number {
    return this.#elapsedMs;
  }

  after(delayMs: number, run: () => void): Timer {
    const timer = new VirtualTimer(this.#elapsedMs + Math.max(0, delayMs), run, this.#timers);
    let index = this.#timers.length;
    while (index > 0 && (this.#timers[index - 1]?.dueMs ?? 0) > timer.dueMs) index -= 1;
    this.#timers.splice(index, 0, timer);
    return timer;
  }

  soon(run: () => void): void {
    this.#soon.push(run);
  }

  advance(ms: number): void {
    const endMs = this.#elapsedMs + ms;
    this.runSoon();
    for (let fired = 0; fired < turnsMax; fired += 1) {
      const next = this.#firstDue();
      if (next === undefined || next.dueMs > endMs) {
        this.#elapsedMs = endMs;
        return;
      }
      next.cancel();
      this.#elapsedMs = Math.max(this.#elapsedMs, next.dueMs);
      next.run();
      this.runSoon();
    }
    throw livelock(`fire the timers of ${ms} ms`, turnsMax);
  }

  #firstDue(): VirtualTimer | undefined {
    const [first] = this.#timers;
    if (first === undefined || this.choose === undefined) return first;
    const later = this.#timers.findIndex(({ dueMs }) => dueMs > first.dueMs);
    return this.#timers[this.choose(later < 0 ? this.#timers.length : later)];
  }

  runSoon(): void {
    // A handler that drains would run turns inside a turn, which no real clock does.
    if (this.#draining) return;
    this.#draining = true;
    try {
      for (let turns = 0; this.#soon.length > 0; ) {
        turns += this.#runBatch();
        if (turns > turnsMax) throw livelock("drain the queue of turns", turnsMax);
      }
    } finally {
      this.#draining = false;
    }
  }

  async settle(): Promise<void> {
    // Two quiet rounds: the first lets promises run, the second shows that they asked for nothing more.
    let quiet = 0;
    for (let round = 0; quiet < 2; round += 1) {
      if (round > roundsMax) throw livelock("settle", roundsMax);
      quiet = this.#soon.length === 0 ? quiet + 1 : 0;
      // Where it chooses, promises run between turns; else after all of them.
      if (this.choose === undefined) this.runSoon();
      else this.#runBatch();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #runBatch(): number {
    const batch = this.#soon;
    this.#soon = [];
    for (const run of batch) run();
    return batch.length;
  }
}

class VirtualTimer implements Timer {
  readonly dueMs: number;
  readonly run: () => void;
  readonly #pending: VirtualTimer[];

  constructor(dueMs: number, run: () => void, pending: VirtualTimer[]) {
    this.dueMs = dueMs;
    this.run = run;
    this.#pending = pending;
  }

  cancel(): void {
    const index = this.#pending.indexOf(this);
    if (index >= 0) this.#pending.splice(index, 1);
  }
}

function livelock(action: string, max: number): EngineError {
  return new EngineError("STREAM_STOPPED", `Cannot ${action} as it must end within ${max} steps: it is still going`);
}

/** Tommy Ettinger's mulberry32 (public domain): 32 bits of state, enough for the choices of a simulation. */
export function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}
