import type { Clock } from "../clock/clock.ts";
import { Mailbox } from "./mailbox.ts";

/** One who waits for a turn. */
export interface Runnable {
  /** Works for a bounded while; schedules itself again where work is left. */
  runTurn(): void;
}

/** Turns in one slice at most, for a clock that stands still while turns run. */
const turnsMax = 64;

/** Gives turns in order of asking, or as the clock chooses, for a slice of time; then lets I/O run. */
export class Dispatcher {
  readonly #clock: Clock;
  readonly #turnMs: number;
  readonly #queue = new Mailbox<Runnable>();
  #scheduled = false;

  /** @param turnMs Length of a slice: 0.2 to 1 costs about 5 % and keeps I/O waiting no longer than that. */
  constructor(clock: Clock, turnMs: number) {
    this.#clock = clock;
    this.#turnMs = turnMs;
  }

  /** The caller sees to it that each waits at most once. */
  schedule(runnable: Runnable): void {
    this.#queue.push(runnable);
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#clock.soon(this.#drain);
  }

  readonly #drain = (): void => {
    const { choose } = this.#clock;
    const endMs = this.#clock.monotonic() + this.#turnMs;
    for (let turns = 0; turns < turnsMax; turns += 1) {
      if (choose !== undefined && this.#queue.size > 1) this.#queue.swapOldest(choose(this.#queue.size));
      const next = this.#queue.shift();
      if (next === undefined) break;
      next.runTurn();
      // Where it chooses, also how many turns promises wait for.
      if (this.#clock.monotonic() >= endMs || choose?.(4) === 3) break;
    }
    this.#scheduled = this.#queue.size > 0;
    if (this.#scheduled) this.#clock.soon(this.#drain);
  };
}
