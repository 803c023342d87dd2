import type { Period } from "../model/period.ts";

/** Half-open, ms since the epoch. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

/** Stored rows that a window should bring: a few MB, and far more than a look-up costs. */
const rowsTarget = 65_536;
const firstMs = 600_000;
/** How much longer or shorter than the last one a window may be. */
const changeMax = 8;

/**
 * Cuts a range of time into windows, newest first, each sized by what the one behind it held, so that a range of any length is
 * read in pieces of about `rowsTarget` rows. Nobody needs to know where the data begins: empty windows grow to cover the rest
 * within a few steps. Behind a gap a window may be about `changeMax` times as long as the gap, and bring as much more.
 *
 * With `align` every window is made of whole buckets, so it is never shorter than one.
 */
export class ReadWindows {
  readonly #from: number;
  readonly #align: Period | undefined;
  #to: number;
  #lengthMs = firstMs;

  /** @param bounds The range to cover; empty where `from` is not below `to`. */
  constructor(bounds: Window, align?: Period) {
    this.#from = bounds.from;
    this.#to = bounds.to;
    this.#align = align;
  }

  next(): Window | undefined {
    const to = this.#to;
    if (!(this.#from < to)) return undefined;
    const wanted = Math.max(this.#from, to - this.#lengthMs);
    const from = this.#align === undefined ? wanted : Math.max(this.#from, this.#align.start(wanted));
    this.#to = from;
    return { from, to };
  }

  /** What the last window brought. */
  saw(rows: number): void {
    const factor = rowsTarget / 2 / Math.max(rows, 1);
    this.#lengthMs = Math.max(1, Math.floor(this.#lengthMs * Math.min(changeMax, Math.max(1 / changeMax, factor))));
  }
}
