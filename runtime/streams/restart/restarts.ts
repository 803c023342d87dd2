import { Backoff, type BackoffSettings } from "../../actors/supervision.ts";
import type { Clock } from "../../clock/clock.ts";

/** Pauses double from the smallest to the largest, and start anew after a window without a restart. */
export interface RestartSettings extends BackoffSettings {
  /** Failures worth another try. Default: all. */
  readonly restartOn?: (error: Error) => boolean;
}

/** What ends a stream for good: its failures alone are followed by a restart, or completions too. */
export type RestartCause = "failure" | "any";

/** Decides whether a stream that has ended begins again, and when. Counts the restarts of one stage. */
export class Restarts {
  readonly #settings: RestartSettings;
  readonly #cause: RestartCause;
  readonly #backoff = new Backoff();

  constructor(settings: RestartSettings, cause: RestartCause) {
    this.#settings = settings;
    this.#cause = cause;
  }

  /**
   * @param error Undefined where the stream completed.
   * @returns the pause in ms, or undefined where the end stands.
   */
  next(error: Error | undefined, clock: Clock): number | undefined {
    if (error === undefined ? this.#cause === "failure" : this.#settings.restartOn?.(error) === false) return undefined;
    return this.#backoff.next(this.#settings, clock.monotonic(), () => clock.random());
  }
}
