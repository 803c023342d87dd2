import { type Series, SeriesTable } from "../../blocks/model/series.ts";
import type { SeriesFilter, StoreDeletes } from "../../blocks/model/store.ts";
import { intCell, textCell } from "./cell.ts";
import type { Batch, CassandraClient, Parameter } from "./client.ts";
import type { Keyspaces } from "./keyspaces.ts";
import { partitionBatches } from "./partition-batches.ts";
import { keyOf, seriesOf } from "./series-key.ts";

/** The level of the shards that the tag block names; the others are those of `ShardPlan`. */
export const tagLevel = "tags";
/** The level of data points: with it a series becomes findable. */
const rawLevel = "raw";

/** Into how many partitions the series of one metric, or of one tag and value, are divided. */
const bucketCount = 16;
/** Triples of series, level and shard that are remembered as written; beyond it all are forgotten, and written again. */
const knownMax = 1_000_000;

/** What a write needs in the index before its rows may be written, so that no row is ever out of reach. */
export interface ShardUse {
  readonly series: Series;
  readonly level: string;
  readonly shard: string;
}

/**
 * Which series there are, and in which shards each has rows.
 *
 * By metric, and by tag and value, each divided into 16 partitions: a tag that every series has does not make one partition of
 * them all. A series is findable from its first data point on. Entries are written once and remembered: at most a million.
 */
export class SeriesIndex {
  readonly #client: CassandraClient;
  readonly #keyspace: string;
  #known = new WeakMap<Series, Map<string, Set<string>>>();
  #knownCount = 0;
  #ensuring: Promise<void> = Promise.resolve();

  constructor(client: CassandraClient, { aggregated }: Keyspaces) {
    this.#client = client;
    this.#keyspace = aggregated;
  }

  /** Resolves once all of `uses` are in the index. One at a time: what another is about to write need not be written twice. */
  ensure(uses: Iterable<ShardUse>, timestamp: number): Promise<void> {
    const ensured = this.#ensuring.then(() => this.#ensure(uses, timestamp));
    this.#ensuring = ensured.catch(() => {});
    return ensured;
  }

  async #ensure(uses: Iterable<ShardUse>, timestamp: number): Promise<void> {
    const missing = [...uses].filter(({ series, level, shard }) => !this.#shardsKnown(series, level).has(shard));
    if (missing.length === 0) return;
    await this.#client.write(this.#batchesOf(missing, timestamp));
    if (this.#knownCount > knownMax) this.#forgetKnown();
    for (const { series, level, shard } of missing) this.#shardsKnown(series, level).add(shard);
    this.#knownCount += missing.length;
  }

  /** The shards of a series at a level, ascending; those from `from` to `to`, both included, where they are given. */
  async shards(series: Series, level: string, from?: string, to?: string): Promise<string[]> {
    const bounds = [from === undefined ? "" : " AND shard >= ?", to === undefined ? "" : " AND shard <= ?"].join("");
    const rows = await this.#client.rows(
      `SELECT shard FROM ${this.#keyspace}.shards WHERE metric = ? AND tagset = ? AND type = ? AND level = ?${bounds}`,
      [...keyOf(series), ...[level, from, to].flatMap((text) => (text === undefined ? [] : [textCell(text)]))],
    );
    return rows.map((row) => row.shard as string);
  }

  /** Every shard in which a series may have rows, with its level. */
  async allShards(series: Series): Promise<{ readonly level: string; readonly shard: string }[]> {
    const rows = await this.#client.rows(
      `SELECT level, shard FROM ${this.#keyspace}.shards WHERE metric = ? AND tagset = ? AND type = ?`,
      keyOf(series),
    );
    return rows
      .map((row) => ({ level: row.level as string, shard: row.shard as string }))
      .filter(({ level }) => level !== tagLevel);
  }

  /** Takes entries of the tag block away. */
  async forgetTags(tags: NonNullable<StoreDeletes["tags"]>, timestamp: number): Promise<void> {
    if (tags.length === 0) return;
    const query = `DELETE FROM ${this.#keyspace}.shards WHERE metric = ? AND tagset = ? AND type = ? AND level = ? AND shard = ?`;
    const batches = tags.map(({ series, shard }) => {
      const params = [...keyOf(series), textCell(tagLevel), textCell(shard)];
      return { rows: [{ query, params }], timestamp };
    });
    await this.#client.write(batches);
    this.#forgetKnown();
  }

  /** Takes a series away, by which it is found last. */
  async forget(series: Series, timestamp: number): Promise<void> {
    const steps = [
      { table: "shards", columns: ["metric", "tagset", "type"], rows: [keyOf(series)] },
      { table: "series_by_tag", columns: tagColumns, rows: [...tagRows(series)].map(({ cells }) => cells) },
      { table: "series_by_metric", columns: metricColumns, rows: [...metricRows(series)].map(({ cells }) => cells) },
    ];
    for (const { table, columns, rows } of steps) {
      const where = columns.map((column) => `${column} = ?`).join(" AND ");
      const query = `DELETE FROM ${this.#keyspace}.${table} WHERE ${where}`;
      await this.#client.write(rows.map((cells) => ({ rows: [{ query, params: [...cells] }], timestamp })));
    }
    this.#forgetKnown();
  }

  /** In order of (canonical, type). */
  async find({ metric, tags }: SeriesFilter): Promise<Series[]> {
    const table = new SeriesTable(Number.POSITIVE_INFINITY);
    const found: Series[] = [];
    for (const [query, parameters] of this.#searches(metric, tags)) {
      for await (const page of this.#client.pages(query, parameters)) {
        for (const row of page) {
          const series = seriesOf(row, table);
          if (hasTags(series, tags)) found.push(series);
        }
      }
    }
    return found.sort((a, b) => order(a.canonical, b.canonical) || order(a.type, b.type));
  }

  /** The least that has to be read: one metric, or one tag and value, or everything. */
  *#searches(
    metric: string | undefined,
    tags: SeriesFilter["tags"],
  ): Generator<[string, Parameter[]], void, undefined> {
    const [tag] = tags;
    if (metric === undefined && tag === undefined) {
      yield [`SELECT metric, tagset, type FROM ${this.#keyspace}.series_by_metric`, []];
      return;
    }
    for (let bucket = 0; bucket < bucketCount; bucket += 1) {
      if (metric !== undefined) {
        const query = `SELECT metric, tagset, type FROM ${this.#keyspace}.series_by_metric WHERE metric = ? AND bucket = ?`;
        yield [query, [textCell(metric), intCell(bucket)]];
      } else if (tag !== undefined) {
        const query = `SELECT metric, tagset, type FROM ${this.#keyspace}.series_by_tag
          WHERE tagname = ? AND tagvalue = ? AND bucket = ?`;
        yield [query, [textCell(tag[0]), textCell(tag[1]), intCell(bucket)]];
      }
    }
  }

  #forgetKnown(): void {
    this.#known = new WeakMap();
    this.#knownCount = 0;
  }

  #shardsKnown(series: Series, level: string): Set<string> {
    let levels = this.#known.get(series);
    if (levels === undefined) {
      levels = new Map();
      this.#known.set(series, levels);
    }
    let shards = levels.get(level);
    if (shards === undefined) {
      shards = new Set();
      levels.set(level, shards);
    }
    return shards;
  }

  /** The entries of one partition together. */
  *#batchesOf(uses: readonly ShardUse[], timestamp: number): Generator<Batch, void, undefined> {
    const shards = new Map<Series, Parameter[][]>();
    const named = new Map<string, Series>();
    for (const { series, level, shard } of uses) {
      const rows = shards.get(series) ?? [];
      shards.set(series, rows);
      rows.push([...keyOf(series), textCell(level), textCell(shard)]);
      const isNew = level === rawLevel && this.#shardsKnown(series, rawLevel).size === 0;
      if (isNew) named.set(`${series.type}\0${series.canonical}`, series);
    }
    const insert = (table: string, columns: readonly string[]) => ({
      query: `INSERT INTO ${this.#keyspace}.${table} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`,
      timestamp,
    });
    const byShard = insert("shards", ["metric", "tagset", "type", "level", "shard"]);
    for (const rows of shards.values()) yield* partitionBatches(byShard, rows, limits);
    const byTag = insert("series_by_tag", tagColumns);
    for (const rows of partitioned(named.values(), tagRows)) yield* partitionBatches(byTag, rows, limits);
    const byMetric = insert("series_by_metric", metricColumns);
    for (const rows of partitioned(named.values(), metricRows)) yield* partitionBatches(byMetric, rows, limits);
  }
}

const tagColumns = ["tagname", "tagvalue", "bucket", "metric", "tagset", "type"];
const metricColumns = ["metric", "bucket", "tagset", "type"];

interface IndexRow {
  /** The same for rows of one partition only. */
  readonly partition: string;
  readonly cells: Buffer[];
}

function* tagRows(series: Series): Generator<IndexRow, void, undefined> {
  const bucket = series.hash % bucketCount;
  for (const [name, value] of series.tagset) {
    const cells = [textCell(name), textCell(value), intCell(bucket), ...keyOf(series)];
    yield { partition: JSON.stringify([name, value, bucket]), cells };
  }
}

function* metricRows(series: Series): Generator<IndexRow, void, undefined> {
  const [metric, tagset, type] = keyOf(series);
  const bucket = series.hash % bucketCount;
  yield { partition: JSON.stringify([series.metric, bucket]), cells: [metric, intCell(bucket), tagset, type] };
}

/** The rows of each partition. */
function partitioned(named: Iterable<Series>, rowsOf: (series: Series) => Iterable<IndexRow>): Iterable<Buffer[][]> {
  const partitions = new Map<string, Buffer[][]>();
  for (const series of named) {
    for (const { partition, cells } of rowsOf(series)) {
      const rows = partitions.get(partition);
      if (rows === undefined) partitions.set(partition, [cells]);
      else rows.push(cells);
    }
  }
  return partitions.values();
}

const limits = { bytesMax: 40 * 1024, rowsMax: 500 };

function hasTags({ tagset }: Series, tags: SeriesFilter["tags"]): boolean {
  for (const [key, value] of tags) if (tagset.get(key) !== value) return false;
  return true;
}

const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
