import { Temporal } from "temporal-polyfill";
import { dateFromDays, dayMs } from "./calendar.ts";

/** The days of a place, counted from 1970-01-01. */
export interface LocalDays {
  /** The first instant whose local date is `day` or later, ms since the epoch; so a day that was skipped has no length. */
  startOf(day: number): number;
  /** The last day that has begun at `time`. */
  dayOf(time: number): number;
}

export const utcDays: LocalDays = {
  startOf: (day) => day * dayMs,
  dayOf: (time) => Math.floor(time / dayMs),
};

/**
 * The days of a time zone, by the rules of the IANA database that come with Node. A day begins at local midnight; where clocks are
 * put forward over midnight, at that change; where they are put back over midnight, the first time that it is reached.
 *
 * The library is asked once a day of data: its answers are kept in pages of 512 days, at most 128 of them, the oldest is forgotten.
 */
export class ZoneDays implements LocalDays {
  readonly #zone: string;
  readonly #pages = new Map<number, Float64Array<ArrayBuffer>>();
  #lastIndex = Number.NaN;
  #lastPage = new Float64Array(0);

  /** @param zone An IANA name, such as `Europe/Brussels`. */
  constructor(zone: string) {
    this.#zone = zone;
  }

  startOf(day: number): number {
    const index = Math.floor(day / pageDays);
    const page = index === this.#lastIndex ? this.#lastPage : this.#pageAt(index);
    const at = day - index * pageDays;
    const known = page[at] as number;
    if (!Number.isNaN(known)) return known;
    const { year, month, day: ofMonth } = dateFromDays(day);
    const start = new Temporal.PlainDate(year, month, ofMonth).toZonedDateTime(this.#zone).epochMilliseconds;
    page[at] = start;
    return start;
  }

  dayOf(time: number): number {
    // No zone is, or was, a whole day away from UTC, so that one of three days it is.
    let day = Math.floor(time / dayMs) + 1;
    while (this.startOf(day) > time) day -= 1;
    return day;
  }

  #pageAt(index: number): Float64Array<ArrayBuffer> {
    let page = this.#pages.get(index);
    if (page === undefined) {
      page = new Float64Array(pageDays).fill(Number.NaN);
      for (const oldest of this.#pages.keys()) {
        if (this.#pages.size < pagesMax) break;
        this.#pages.delete(oldest);
      }
      this.#pages.set(index, page);
    }
    this.#lastIndex = index;
    this.#lastPage = page;
    return page;
  }
}

const pageDays = 512;
const pagesMax = 128;
