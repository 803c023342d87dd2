import type { types } from "cassandra-driver";
import type { Series } from "../../blocks/model/series.ts";
import type { SeriesRange } from "../../blocks/model/store.ts";
import { timestampMax, timestampMin } from "../../blocks/model/timestamp.ts";
import { longCell, textCell } from "./cell.ts";
import type { CassandraClient } from "./client.ts";
import { keyOf } from "./series-key.ts";
import type { SeriesIndex } from "./series-index.ts";
import type { ShardPlan } from "./shard-plan.ts";

/** Ranges over more shards than this ask the index first which of them there are. */
const unaskedShardsMax = 3;

/** What is read: the rows of one level, which lie in shards of their own. */
export interface Level {
  readonly shards: ShardPlan;
  /** With the cells of a series, a shard, those of `key` and two bounds of `datetime` as parameters; the rows descending. */
  readonly query: string;
  readonly key: readonly Buffer[];
}

/** Reads rows of series by ranges of time, shard by shard. */
export class ShardReader {
  readonly #client: CassandraClient;
  readonly #index: SeriesIndex;

  constructor(client: CassandraClient, index: SeriesIndex) {
    this.#client = client;
    this.#index = index;
  }

  /** The rows of a range, ascending in time. */
  async rows({ shards, query, key }: Level, { series, from, to }: SeriesRange): Promise<types.Row[]> {
    const bounds = wholeBounds({ from, to });
    const rows: types.Row[] = [];
    for (const shard of (await this.shardsWithin(series, shards, bounds.from, bounds.to)).reverse()) {
      const parameters = [...keyOf(series), textCell(shard), ...key, longCell(bounds.from), longCell(bounds.to)];
      for await (const page of this.#client.pages(query, parameters)) for (const row of page) rows.push(row);
    }
    return rows.reverse();
  }

  /** The shards that may have rows from `from` up to `to`, ascending. */
  async shardsWithin(series: Series, plan: ShardPlan, from: number, to: number): Promise<string[]> {
    const labels: string[] = [];
    for (let time = from; time < to && labels.length <= unaskedShardsMax; time = plan.endOf(time)) {
      labels.push(plan.labelOf(time));
    }
    if (labels.length <= unaskedShardsMax) return labels;
    return this.#index.shards(series, plan.level, plan.labelOf(from), plan.labelOf(to - 1));
  }
}

/** Instants are whole, and none lies outside the years 1 to 9999, nor the start of a bucket more than a year before them. */
export function wholeBounds({ from, to }: { readonly from: number; readonly to: number }) {
  return { from: Math.max(Math.ceil(from), earliest), to: Math.min(Math.ceil(to), timestampMax + 1) };
}

/** 0000-01-01: names of shards have years of four digits. */
const earliest = timestampMin - 366 * 86_400_000;
