import { mulberry32, SteppedClock, type VirtualClock } from "./virtual-clock.ts";

/** A virtual clock that permutes what may be permuted, by a seed: the same seed and the same calls give the same run. */
export interface SeededScheduler extends VirtualClock {
  readonly seed: number;
  readonly choose: (count: number) => number;
  /** A promise that resolves, or rejects with an error, some time within `withinMs`: which of several is first, the seed says. */
  settles<T>(value: T | Error, withinMs: number): Promise<T>;
}

/**
 * Permutes all that no one was promised an order of: which actor has the next turn, and how many turns promises wait; which of the
 * timers due at one moment fires first; how far events of a stream pass others. What was promised stays: the messages of one
 * sender, the elements of a stream, the order of due times.
 *
 * @param seed Any integer; print it where a test fails, and give it again to see the same run.
 * @param startMs Epoch milliseconds of the first `now()`.
 */
export function seededScheduler(seed: number, startMs = 0): SeededScheduler {
  return new PermutingClock(seed, startMs);
}

class PermutingClock extends SteppedClock implements SeededScheduler {
  readonly seed: number;
  declare readonly choose: (count: number) => number;

  constructor(seed: number, startMs: number) {
    // Of its own, so that chance in the run is not moved by how much there was to choose.
    const chance = mulberry32(seed ^ 0x5eed);
    super(startMs, seed, (count) => Math.floor(chance() * count));
    this.seed = seed;
  }

  settles<T>(value: T | Error, withinMs: number): Promise<T> {
    return new Promise((resolve, reject) => {
      this.after(this.choose(withinMs + 1), () => {
        if (value instanceof Error) reject(value);
        else resolve(value);
      });
    });
  }
}
