import { dayMs } from "./calendar.ts";
import { periodOf } from "./period.ts";
import { dayText } from "./timestamp.ts";

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
