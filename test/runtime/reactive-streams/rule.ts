import type { Signal, Tape } from "./recording.ts";

/** What a script knows and a tape does not show. */
export interface Facts {
  /** How the publisher had to end by now, if its subscriber stayed and asked for enough. */
  readonly end?: "completed" | "failed" | "open";
  /** Elements that the publisher had to send. */
  readonly available?: number;
  /** The subscriber's side has come to its end. */
  readonly subscriberDone?: boolean;
}

/** A rule is checked on tapes, or proven by a test of its own, or cannot be broken here: then the reason is written. */
export interface Rule {
  readonly says: string;
  readonly broken?: (tapes: readonly Tape[], facts: Facts) => boolean;
  /** The test that proves it. */
  readonly proof?: string;
  readonly reason?: string;
}

/** A rule that looks at one tape at a time. */
export function perTape(says: string, broken: (tape: Tape, facts: Facts) => boolean): Rule {
  return { says, broken: (tapes, facts) => tapes.some((tape) => broken(tape, facts)) };
}

export const signalKinds = ["onSubscribe", "onNext", "onError", "onComplete"] as const;

export function isTerminal({ kind }: Signal): boolean {
  return kind === "onError" || kind === "onComplete";
}

export function isValidRequest({ kind, value }: Signal): boolean {
  if (kind !== "request" || typeof value !== "number") return false;
  return value >= 1 && (Number.isInteger(value) || value === Number.POSITIVE_INFINITY);
}

/** The signals after the first of a kind. */
export function after(tape: Tape, first: (signal: Signal) => boolean): Signal[] {
  const index = tape.signals.findIndex(first);
  return index < 0 ? [] : tape.signals.slice(index + 1);
}

/** The own subscription was cancelled; a second one that was refused does not count. */
export function isCancel({ kind, subscription }: Signal): boolean {
  return kind === "cancel" && subscription === 0;
}
