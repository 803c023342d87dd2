/**
 * What follows a failure of an actor.
 *
 * - resume: the message is dropped, the state kept.
 * - restart: the message is dropped and the behaviour made anew after a pause; the mailbox is kept meanwhile.
 * - stop: the actor stops.
 * - escalate: its parent fails with the same error; an actor without a parent stops.
 */
export type Supervision =
  | { readonly kind: "resume" }
  | { readonly kind: "stop" }
  | { readonly kind: "escalate" }
  | ({ readonly kind: "restart" } & BackoffSettings)
  | ((error: unknown) => Exclude<Supervision, (error: unknown) => unknown>);

/** Pauses double from the smallest to the largest, and start anew after a window without a restart. */
export interface BackoffSettings {
  /** Default 100. */
  readonly backoffMinMs?: number;
  /** Default 30,000. */
  readonly backoffMaxMs?: number;
  /** Each pause is longer by a random part of up to this factor, so that many do not return at once. Default 0.2. */
  readonly randomFactor?: number;
  /** One restart more than this within the window stops the actor. Default: no limit. */
  readonly restartsMax?: number;
  /** Default 60,000. */
  readonly windowMs?: number;
}

export type Directive = Exclude<Supervision, (error: unknown) => unknown>;

/** Decides when an actor may return. Counts the restarts of one actor. */
export class Backoff {
  /** Restarts within the current window. */
  #restarts = 0;
  #lastMs = Number.NEGATIVE_INFINITY;

  /** @returns the pause in ms, or undefined where the restarts are used up. */
  next(settings: BackoffSettings, nowMs: number, random: () => number): number | undefined {
    const { backoffMinMs = 100, backoffMaxMs = 30_000, randomFactor = 0.2, windowMs = 60_000 } = settings;
    if (nowMs - this.#lastMs > windowMs) this.#restarts = 0;
    if (this.#restarts >= (settings.restartsMax ?? Number.POSITIVE_INFINITY)) return undefined;
    const pauseMs = Math.min(backoffMaxMs, backoffMinMs * 2 ** this.#restarts) * (1 + random() * randomFactor);
    this.#restarts += 1;
    // The window begins when the actor is back, else a long pause would outlast it.
    this.#lastMs = nowMs + pauseMs;
    return pauseMs;
  }
}
