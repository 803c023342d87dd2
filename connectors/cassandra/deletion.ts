import type { ShardSize } from "../../blocks/model/shard.ts";
import type { SeriesRange, StoreDeletes } from "../../blocks/model/store.ts";
import { longCell, textCell } from "./cell.ts";
import type { Batch, CassandraClient, Parameter } from "./client.ts";
import type { Keyspaces } from "./keyspaces.ts";
import { keyOf } from "./series-key.ts";
import type { SeriesIndex } from "./series-index.ts";
import { rawShards, rollupShards, type ShardPlan } from "./shard-plan.ts";
import { type ShardReader, wholeBounds } from "./shard-reader.ts";

export interface DeletionParts {
  readonly client: CassandraClient;
  readonly index: SeriesIndex;
  readonly reader: ShardReader;
  readonly keyspaces: Keyspaces;
  readonly sharder: ShardSize;
}

const ofSeries = "metric = ? AND tagset = ? AND type = ?";
const within = "datetime >= ? AND datetime < ?";

/**
 * Takes away what was written until `timestamp`. A range costs one request a shard and a tombstone there, a series one request a
 * partition; its entries in the index go last, so that a deletion that was interrupted can be asked for again.
 */
export async function deleteAll(
  { client, index, reader, keyspaces, sharder }: DeletionParts,
  deletes: StoreDeletes,
  timestamp: number,
): Promise<void> {
  const inRange = async (range: SeriesRange, shards: ShardPlan, query: string, key: readonly Buffer[]) => {
    const bounds = wholeBounds(range);
    if (!(bounds.from < bounds.to)) return;
    const labels = await reader.shardsWithin(range.series, shards, bounds.from, bounds.to);
    const cells = [...key, longCell(bounds.from), longCell(bounds.to)];
    await client.write(
      labels.map((shard) => one(query, [...keyOf(range.series), textCell(shard), ...cells], timestamp)),
    );
  };
  const raw = `DELETE FROM ${keyspaces.raw}.observations WHERE ${ofSeries} AND shard = ?`;
  const rollups = `DELETE FROM ${keyspaces.aggregated}.aggregations WHERE ${ofSeries} AND shard = ?`;
  for (const range of deletes.observations ?? []) await inRange(range, rawShards(sharder), `${raw} AND ${within}`, []);
  for (const { period, ...range } of deletes.states ?? []) {
    const query = `${rollups} AND period = ? AND ${within}`;
    await inRange(range, rollupShards(sharder, period), query, [textCell(period)]);
  }
  await index.forgetTags(deletes.tags ?? [], timestamp);
  for (const series of deletes.series ?? []) {
    const partitions: Batch[] = [];
    for (const { level, shard } of await index.allShards(series)) {
      const query = level === rawShards(sharder).level ? raw : rollups;
      partitions.push(one(query, [...keyOf(series), textCell(shard)], timestamp));
    }
    await client.write(partitions);
    await index.forget(series, timestamp);
  }
}

const one = (query: string, params: Parameter[], timestamp: number): Batch => ({
  rows: [{ query, params }],
  timestamp,
});
