import { type Period, periodOf } from "../../blocks/model/period.ts";
import { type ShardSize, shardOf } from "../../blocks/model/shard.ts";

/** How time is cut into partitions at one level: raw data points, or the buckets of one period. */
export interface ShardPlan {
  /** What the shard that holds `time` is called; names are in order of time. @param time Ms since the epoch, years 0 to 9999. */
  labelOf(time: number): string;
  /** Where the next shard begins, ms since the epoch. */
  endOf(time: number): number;
}

/** Data points, and buckets shorter than an hour, are cut as the settings say. */
export function shardPlan(sharder: ShardSize, period?: string): ShardPlan {
  const { fixedMs = Number.POSITIVE_INFINITY } = period === undefined ? { fixedMs: 0 } : periodOf(period);
  if (fixedMs < hourMs) {
    return new PeriodShards(periodOf(sharder === "day" ? "1d" : "1mo"), (time) => shardOf(sharder, time));
  }
  // A month of them would be a few rows, and reading some years a request for each.
  return new PeriodShards(periodOf("12mo"), (time) => shardOf("month", time).slice(0, 4));
}

const hourMs = 3_600_000;

class PeriodShards implements ShardPlan {
  readonly #period: Period;
  readonly labelOf: (time: number) => string;

  constructor(period: Period, labelOf: (time: number) => string) {
    this.#period = period;
    this.labelOf = labelOf;
  }

  endOf(time: number): number {
    return this.#period.next(this.#period.start(time));
  }
}
