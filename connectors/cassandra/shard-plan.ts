import { type Period, periodOf } from "../../blocks/model/period.ts";
import { type ShardSize, shardOf } from "../../blocks/model/shard.ts";

/** How time is cut into partitions at one level. */
export interface ShardPlan {
  /** What the index of shards calls the level. */
  readonly level: string;
  /** What the shard that holds `time` is called; names are in order of time. @param time Ms since the epoch, years 0 to 9999. */
  labelOf(time: number): string;
  /** Where the next shard begins, ms since the epoch. */
  endOf(time: number): number;
}

/** The shards of data points. */
export function rawShards(sharder: ShardSize): ShardPlan {
  return new PeriodShards("raw", periodOf(sharder === "day" ? "1d" : "1mo"), (time) => shardOf(sharder, time));
}

/**
 * The shards of rollups, by the key of their period: those of data points where it counts seconds or minutes, else years. Shards are
 * cut in UTC, whatever the buckets are cut in.
 */
export function rollupShards(sharder: ShardSize, period: string): ShardPlan {
  if (/^\d+[sm](?![a-z])/.test(period)) {
    return new PeriodShards(sharder, periodOf(sharder === "day" ? "1d" : "1mo"), (time) => shardOf(sharder, time));
  }
  // A month of them would be a few rows, and reading some years a request for each.
  return new PeriodShards("year", periodOf("12mo"), (time) => shardOf("month", time).slice(0, 4));
}

class PeriodShards implements ShardPlan {
  readonly level: string;
  readonly #period: Period;
  readonly labelOf: (time: number) => string;

  constructor(level: string, period: Period, labelOf: (time: number) => string) {
    this.level = level;
    this.#period = period;
    this.labelOf = labelOf;
  }

  endOf(time: number): number {
    return this.#period.next(this.#period.start(time));
  }
}
