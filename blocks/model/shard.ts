import { dayMs } from "./calendar.ts";
import { periodOf } from "./period.ts";
import { dayText, timestampMax, timestampMin } from "./timestamp.ts";

/** How much time one shard of a store covers. */
export type ShardSize = "day" | "month";

/** `yyyy-MM-dd` or `yyyy-MM`, in UTC. @param time Ms since the epoch, years 0 to 9999. */
export function shardOf(size: ShardSize, time: number): string {
  const day = dayText(Math.floor(time / dayMs));
  return size === "day" ? day : day.slice(0, 7);
}

/**
 * The shards from that of `from` to that of `to`, which is included, ascending; none where `to` lies before `from`. There are at
 * most 3,652,059 of them, the days of the years 1 to 9999.
 */
export function shardsBetween(size: ShardSize, from: number, to: number): string[] {
  const period = periodOf(size === "day" ? "1d" : "1mo");
  const shards: string[] = [];
  if (from > to) return shards;
  for (let start = period.start(from); start <= to; start = period.next(start)) shards.push(shardOf(size, start));
  return shards;
}

/** The shards, of either size, that `[from, to)` touches: a bound on their names, and whether a name in it is one of them. */
export interface TouchedShards {
  readonly first: string;
  /** Not behind the last one. */
  readonly last: string;
  has(shard: string): boolean;
}

/** @returns undefined where the range holds no instant of the years 1 to 9999. */
export function touchedShards(range: { readonly from: number; readonly to: number }): TouchedShards | undefined {
  const from = Math.max(range.from, timestampMin);
  const last = Math.min(Math.ceil(range.to) - 1, timestampMax);
  if (!(from <= last)) return undefined;
  const [firstDay, lastDay] = [shardOf("day", from), shardOf("day", last)];
  const [firstMonth, lastMonth] = [shardOf("month", from), shardOf("month", last)];
  return {
    first: firstMonth,
    last: lastDay,
    has: (shard) =>
      shard.length === firstDay.length
        ? shard >= firstDay && shard <= lastDay
        : shard >= firstMonth && shard <= lastMonth,
  };
}
