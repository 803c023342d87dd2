import type { Clock, Timer } from "../clock/clock.ts";

/** Messages of an actor to itself, later. One timer a key: setting it again replaces it. */
export class ActorTimers<M> {
  readonly #clock: Clock;
  readonly #tell: (due: DueMessage<M>) => void;
  readonly #timers = new Map<string, ActorTimer>();

  constructor(clock: Clock, tell: (due: DueMessage<M>) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  once(key: string, delayMs: number, message: M): void {
    this.#set(key, delayMs, (timer) => {
      this.#tell(new DueMessage(timer, message, () => this.#forget(key, timer)));
    });
  }

  /** First after one interval; each interval counts from the turn before it. */
  every(key: string, intervalMs: number, message: M): void {
    const again = (timer: ActorTimer) => {
      timer.handle = this.#clock.after(intervalMs, () => again(timer));
      this.#tell(new DueMessage(timer, message));
    };
    this.#set(key, intervalMs, again);
  }

  /** A message of it follows, or waits in the mailbox. */
  isActive(key: string): boolean {
    return this.#timers.has(key);
  }

  /** A message of it that waits in the mailbox already is not received either. */
  cancel(key: string): void {
    const timer = this.#timers.get(key);
    if (timer === undefined) return;
    timer.cancelled = true;
    timer.handle?.cancel();
    this.#timers.delete(key);
  }

  cancelAll(): void {
    for (const key of [...this.#timers.keys()]) this.cancel(key);
  }

  #set(key: string, delayMs: number, run: (timer: ActorTimer) => void): void {
    this.cancel(key);
    const timer: ActorTimer = { cancelled: false, handle: undefined };
    this.#timers.set(key, timer);
    timer.handle = this.#clock.after(delayMs, () => run(timer));
  }

  #forget(key: string, timer: ActorTimer): void {
    if (this.#timers.get(key) === timer) this.#timers.delete(key);
  }
}

interface ActorTimer {
  cancelled: boolean;
  handle: Timer | undefined;
}

/** What a timer puts into the mailbox: whether it is still wanted is asked when its turn has come. */
export class DueMessage<M> {
  readonly message: M;
  readonly #timer: ActorTimer;
  readonly #onTaken: () => void;

  constructor(timer: ActorTimer, message: M, onTaken: () => void = () => {}) {
    this.#timer = timer;
    this.message = message;
    this.#onTaken = onTaken;
  }

  /** @returns false where its timer was cancelled or set again meanwhile. */
  take(): boolean {
    if (this.#timer.cancelled) return false;
    this.#onTaken();
    return true;
  }
}
