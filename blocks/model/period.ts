import { parseAggregator } from "../../config/aggregator.ts";
import { EngineError } from "../../runtime/errors.ts";
import { dateFromDays, dayMs, daysFromDate } from "./calendar.ts";

/**
 * A time aggregator as a partition of time into buckets `[start, next(start))` in UTC, labelled by their start. Lengths up to
 * days are counted from the epoch, in both directions; months by the calendar, from January of the year 0.
 */
export interface Period {
  /** `1m`, `1mo`, … */
  readonly label: string;
  /** Start of the bucket that `time` lies in; ms since the epoch. */
  start(time: number): number;
  /** Start of the next bucket. @param start Of a bucket. */
  next(start: number): number;
  /** Length of a bucket, where all are of one length. */
  readonly fixedMs?: number;
}

/** @throws {EngineError} `SETTING_INVALID` where the label is no `<n>s|m|h|d|mo`. */
export function periodOf(label: string): Period {
  const aggregator = parseAggregator(label);
  if (aggregator === undefined) {
    const rule = "it must be a count and one of s, m, h, d, mo, such as 1m or 1mo";
    throw new EngineError("SETTING_INVALID", `Cannot use an aggregator as ${rule}: it is ${JSON.stringify(label)}`);
  }
  const { count, unit } = aggregator;
  return unit === "mo" ? new MonthPeriod(label, count) : new FixedPeriod(label, count * unitMs[unit]);
}

/** Whether every bucket of `coarser` is made of whole buckets of `finer`. */
export function divides(finer: Period, coarser: Period): boolean {
  if (coarser instanceof MonthPeriod) {
    return finer instanceof MonthPeriod ? coarser.count % finer.count === 0 : dividesMs(finer, dayMs);
  }
  return coarser.fixedMs !== undefined && dividesMs(finer, coarser.fixedMs);
}

const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: dayMs } as const;

function dividesMs(finer: Period, ms: number): boolean {
  return finer.fixedMs !== undefined && ms % finer.fixedMs === 0;
}

class FixedPeriod implements Period {
  readonly label: string;
  readonly fixedMs: number;

  constructor(label: string, fixedMs: number) {
    this.label = label;
    this.fixedMs = fixedMs;
  }

  start(time: number): number {
    // The sum keeps a start at the epoch from being -0.
    return Math.floor(time / this.fixedMs) * this.fixedMs + 0;
  }

  next(start: number): number {
    return start + this.fixedMs;
  }
}

class MonthPeriod implements Period {
  readonly label: string;
  readonly count: number;
  #lastStart = Number.NaN;
  #lastEnd = Number.NaN;

  constructor(label: string, count: number) {
    this.label = label;
    this.count = count;
  }

  start(time: number): number {
    // Most data points lie in the bucket of the one before.
    if (!(time >= this.#lastStart && time < this.#lastEnd)) {
      const { year, month } = dateFromDays(Math.floor(time / dayMs));
      const first = Math.floor((year * 12 + month - 1) / this.count) * this.count;
      this.#lastStart = monthStart(first);
      this.#lastEnd = monthStart(first + this.count);
    }
    return this.#lastStart;
  }

  next(start: number): number {
    if (start !== this.#lastStart) this.start(start);
    return this.#lastEnd;
  }
}

/** @param index Months since January of the year 0. */
function monthStart(index: number): number {
  const year = Math.floor(index / 12);
  return daysFromDate(year, index - year * 12 + 1, 1) * dayMs;
}
