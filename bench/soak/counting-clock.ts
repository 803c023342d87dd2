import type { Clock, Timer } from "../../runtime/clock/clock.ts";
import { systemClock } from "../../runtime/clock/system-clock.ts";
import { virtualClock } from "../../runtime/clock/virtual-clock.ts";

/** The time of this machine and chance from a seed; it knows how many timers are set. */
export class CountingClock implements Clock {
  readonly random: () => number;
  pendingTimers = 0;

  constructor(seed: number) {
    this.random = virtualClock(0, seed).random;
  }

  now(): number {
    return systemClock.now();
  }

  monotonic(): number {
    return systemClock.monotonic();
  }

  after(delayMs: number, run: () => void): Timer {
    let isSet = true;
    const unset = () => {
      if (isSet) this.pendingTimers -= 1;
      isSet = false;
    };
    this.pendingTimers += 1;
    const timer = systemClock.after(delayMs, () => {
      unset();
      run();
    });
    return {
      cancel: () => {
        unset();
        timer.cancel();
      },
    };
  }

  soon(run: () => void): void {
    systemClock.soon(run);
  }

  /** A whole number from `from` to `to`, both of them possible. */
  between(from: number, to: number): number {
    return from + Math.floor(this.random() * (to - from + 1));
  }
}
