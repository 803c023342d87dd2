import type { Clock } from "./clock/clock.ts";

/** Room again at this part of the limit, so that a full buffer is not opened and shut for every record. */
const roomLevel = 0.9;

/** Says whether something is full, with hysteresis, and wakes who waits for room. */
export class RoomGate {
  readonly #clock: Clock;
  readonly #level: () => number;
  #shut = false;
  #waiting: (() => void)[] = [];

  /** @param level How full it is; 1 is the limit. */
  constructor(clock: Clock, level: () => number) {
    this.#clock = clock;
    this.#level = level;
  }

  /** From the moment it reached its limit until it is down to 90 %. */
  get full(): boolean {
    const level = this.#level();
    this.#shut = this.#shut ? level > roomLevel : level >= 1;
    return this.#shut;
  }

  /** Calls `wake` once when it is no longer full; soon where it is not. */
  onRoom(wake: () => void): void {
    this.#waiting.push(wake);
    if (!this.full) this.#clock.soon(() => this.wakeIfRoom());
  }

  wakeIfRoom(): void {
    if (this.#waiting.length === 0 || this.full) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}
