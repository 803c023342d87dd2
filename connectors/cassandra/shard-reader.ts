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
    // Instants are whole, and none lies outside these years.
    const first = Math.max(Math.ceil(from), timestampMin - yearMs);
    const end = Math.min(Math.ceil(to), timestampMax + 1);
    if (!(first < end)) return [];
    const rows: types.Row[] = [];
    for (const shard of (await this.#shards(series, shards, first, end - 1)).reverse()) {
      const parameters = [...keyOf(series), textCell(shard), ...key, longCell(first), longCell(end)];
      for await (const page of this.#client.pages(query, parameters)) for (const row of page) rows.push(row);
    }
    return rows.reverse();
  }

  /** Those between two instants, both included, that may have rows; ascending. */
  async #shards(series: Series, plan: ShardPlan, first: number, last: number): Promise<string[]> {
    const labels: string[] = [];
    const low = Math.max(first, timestampMin);
    for (let time = low; time <= last && labels.length <= unaskedShardsMax; time = plan.endOf(time)) {
      labels.push(plan.labelOf(time));
    }
    if (labels.length <= unaskedShardsMax) return labels;
    return this.#index.shards(series, plan.level, plan.labelOf(low), plan.labelOf(last));
  }
}

const yearMs = 366 * 86_400_000;
