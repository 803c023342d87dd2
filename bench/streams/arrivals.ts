import { systemClock } from "../../runtime/clock/system-clock.ts";

/** How elements come in. */
export interface Arrivals {
  readonly perSecond: number;
  /** "timer": whatever is due when a timer of 1 ms fires. "polled": whatever is due in each turn of the event loop, without rest. */
  readonly by: "timer" | "polled";
}

/**
 * Offers elements at fixed times, evenly spaced, the first at `startMs`: what is due is offered, however late it is.
 *
 * @param offer Takes a row and when it was due, in ms after the start, or answers false: then it comes again in the next turn.
 */
export async function arrive(
  rows: number,
  { perSecond, by }: Arrivals,
  startMs: number,
  offer: (row: number, dueMs: number) => boolean,
): Promise<void> {
  const gapMs = 1_000 / perSecond;
  const later = by === "timer" ? (run: () => void) => systemClock.after(1, run) : systemClock.soon;
  let row = 0;
  for (;;) {
    const sinceMs = systemClock.monotonic() - startMs;
    while (row < rows && row * gapMs <= sinceMs && offer(row, row * gapMs)) row += 1;
    if (row === rows) return;
    await new Promise<void>((resolve) => later(resolve));
  }
}
