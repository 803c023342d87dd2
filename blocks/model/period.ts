import { type Aggregator, divides as dividesAggregator, parseAggregator } from "../../config/aggregator.ts";
import { EngineError } from "../../runtime/errors.ts";
import { type BucketRules, utcRules } from "./bucket-rules.ts";
import { dateFromDays, dayMs, daysFromDate } from "./calendar.ts";
import type { LocalDays } from "./local-days.ts";

/**
 * A time aggregator as a partition of time into buckets `[start, next(start))`.
 *
 * In UTC, lengths up to days are counted from the epoch, in both directions. In another zone, lengths of less than a day are
 * counted from the start of each day there, and the last bucket of a day ends with it; longer ones are whole days, counted from
 * 1970-01-01. Months are those of the calendar, counted from January of the year 0.
 *
 * Where buckets are labelled by their end, each holds its end and not its start: it is a ms later.
 */
export interface Period {
  /** `1m`, `1mo`, … */
  readonly label: string;
  /** What a store keeps the buckets under: the label and the rules that they follow. */
  readonly key: string;
  /** Start of the bucket that `time` lies in; ms since the epoch. */
  start(time: number): number;
  /** Start of the next bucket. @param start Of a bucket. */
  next(start: number): number;
  /** What a bucket is labelled by. @param start Of a bucket. */
  stamp(start: number): number;
  /** Length of a bucket, where all are of one length and begin at a multiple of it. */
  readonly fixedMs?: number;
}

/** @throws {EngineError} `SETTING_INVALID` where the label is no `<n>s|m|h|d|mo`, or no period that the zone has. */
export function periodOf(label: string, rules: BucketRules = utcRules): Period {
  const aggregator = parseAggregator(label);
  if (aggregator === undefined) {
    throw invalid(label, "it must be a count and one of s, m, h, d, mo, such as 1m or 1mo");
  }
  const key = label + rules.suffix;
  const period = startLabelled(aggregator, key, rules);
  return rules.label === "start" ? period : new EndLabelled(period);
}

/** Whether every bucket of `coarser` is made of whole buckets of `finer`; both of the same rules. */
export function divides(finer: Period, coarser: Period): boolean {
  const [fine, coarse] = [parseAggregator(finer.label), parseAggregator(coarser.label)];
  return fine !== undefined && coarse !== undefined && dividesAggregator(fine, coarse);
}

function startLabelled({ label, count, unit }: Aggregator, key: string, { timezone, days }: BucketRules): Period {
  if (unit === "mo") return new CalendarPeriod(label, key, days, (day) => monthsAround(day, count));
  const ms = count * unitMs[unit];
  if (timezone === "UTC") return new FixedPeriod(label, key, ms);
  if (ms < dayMs) return new DaytimePeriod(label, key, days, ms);
  if (ms % dayMs !== 0) throw invalid(label, `beyond a day it must be whole days where the time zone is ${timezone}`);
  return new CalendarPeriod(label, key, days, (day) => daysAround(day, ms / dayMs));
}

const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: dayMs } as const;

function invalid(label: string, rule: string): EngineError {
  return new EngineError("SETTING_INVALID", `Cannot use an aggregator as ${rule}: it is ${JSON.stringify(label)}`);
}

class FixedPeriod implements Period {
  readonly label: string;
  readonly key: string;
  readonly fixedMs: number;

  constructor(label: string, key: string, fixedMs: number) {
    this.label = label;
    this.key = key;
    this.fixedMs = fixedMs;
  }

  start(time: number): number {
    // The sum keeps a start at the epoch from being -0.
    return Math.floor(time / this.fixedMs) * this.fixedMs + 0;
  }

  next(start: number): number {
    return start + this.fixedMs;
  }

  stamp(start: number): number {
    return start;
  }
}

/** Whole days of a place: `around` says which days, first and behind the last, lie in one bucket with a day. */
class CalendarPeriod implements Period {
  readonly label: string;
  readonly key: string;
  readonly #days: LocalDays;
  readonly #around: (day: number) => readonly [number, number];
  #lastStart = Number.NaN;
  #lastEnd = Number.NaN;

  constructor(label: string, key: string, days: LocalDays, around: (day: number) => readonly [number, number]) {
    this.label = label;
    this.key = key;
    this.#days = days;
    this.#around = around;
  }

  start(time: number): number {
    // Most data points lie in the bucket of the one before.
    if (!(time >= this.#lastStart && time < this.#lastEnd)) {
      const [first, end] = this.#around(this.#days.dayOf(time));
      this.#lastStart = this.#days.startOf(first);
      this.#lastEnd = this.#days.startOf(end);
    }
    return this.#lastStart;
  }

  next(start: number): number {
    if (start !== this.#lastStart) this.start(start);
    return this.#lastEnd;
  }

  stamp(start: number): number {
    return start;
  }
}

/** Parts of the days of a place, of one length but for the last of each day. */
class DaytimePeriod implements Period {
  readonly label: string;
  readonly key: string;
  readonly #day: CalendarPeriod;
  readonly #ms: number;

  constructor(label: string, key: string, days: LocalDays, ms: number) {
    this.label = label;
    this.key = key;
    this.#day = new CalendarPeriod(label, key, days, (day) => [day, day + 1]);
    this.#ms = ms;
  }

  start(time: number): number {
    const day = this.#day.start(time);
    return day + Math.floor((time - day) / this.#ms) * this.#ms;
  }

  next(start: number): number {
    return Math.min(start + this.#ms, this.#day.next(this.#day.start(start)));
  }

  stamp(start: number): number {
    return start;
  }
}

/** The buckets of another period, each with its end and without its start. */
class EndLabelled implements Period {
  readonly label: string;
  readonly key: string;
  readonly #period: Period;

  constructor(period: Period) {
    this.label = period.label;
    this.key = period.key;
    this.#period = period;
  }

  start(time: number): number {
    return this.#period.start(time - 1) + 1;
  }

  next(start: number): number {
    return this.#period.next(start - 1) + 1;
  }

  stamp(start: number): number {
    return this.#period.next(start - 1);
  }
}

function daysAround(day: number, count: number): readonly [number, number] {
  const first = Math.floor(day / count) * count;
  return [first, first + count];
}

function monthsAround(day: number, count: number): readonly [number, number] {
  const { year, month } = dateFromDays(day);
  const first = Math.floor((year * 12 + month - 1) / count) * count;
  return [monthStart(first), monthStart(first + count)];
}

/** @param index Months since January of the year 0. @returns days since 1970-01-01. */
function monthStart(index: number): number {
  const year = Math.floor(index / 12);
  return daysFromDate(year, index - year * 12 + 1, 1);
}
