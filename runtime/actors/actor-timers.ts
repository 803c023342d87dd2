import type { Clock, Timer } from "../clock/clock.ts";

/** Messages of an actor to itself, later. One timer a key: setting it again replaces it. */
export class ActorTimers<M> {
  readonly #clock: Clock;
  readonly #tell: (message: M) => void;
  readonly #timers = new Map<string, Timer>();

  constructor(clock: Clock, tell: (message: M) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  once(key: string, delayMs: number, message: M): void {
    this.#set(key, delayMs, () => {
      this.#timers.delete(key);
      this.#tell(message);
    });
  }

  /** First after one interval; each interval counts from the turn before it. */
  every(key: string, intervalMs: number, message: M): void {
    this.#set(key, intervalMs, () => {
      this.every(key, intervalMs, message);
      this.#tell(message);
    });
  }

  cancel(key: string): void {
    this.#timers.get(key)?.cancel();
    this.#timers.delete(key);
  }

  cancelAll(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }

  #set(key: string, delayMs: number, run: () => void): void {
    this.cancel(key);
    this.#timers.set(key, this.#clock.after(delayMs, run));
  }
}
