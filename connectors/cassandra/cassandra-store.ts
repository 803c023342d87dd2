import type { Points } from "../../blocks/model/columns.ts";
import { matchesFilter } from "../../blocks/model/selector.ts";
import type { Series, Tagset } from "../../blocks/model/series.ts";
import { touchedShards, type ShardSize } from "../../blocks/model/shard.ts";
import type { SeriesFilter, SeriesRange, StateRows, Store, StoreWrite } from "../../blocks/model/store.ts";
import type { Clock } from "../../runtime/clock/clock.ts";
import { EngineError } from "../../runtime/errors.ts";
import { textCell } from "./cell.ts";
import type { CassandraClient } from "./client.ts";
import { deleteAll } from "./deletion.ts";
import type { Keyspaces } from "./keyspaces.ts";
import { keyOf } from "./series-key.ts";
import { SeriesIndex, tagLevel } from "./series-index.ts";
import { rawShards, rollupShards } from "./shard-plan.ts";
import { type Level, ShardReader } from "./shard-reader.ts";
import { StaticTagsets } from "./static-tagsets.ts";
import { statesOf } from "./state-columns.ts";
import { valueColumnOf, valuesOf } from "./value-column.ts";
import { WritePlan } from "./write-plan.ts";

export interface CassandraStoreOptions {
  readonly keyspaces: Keyspaces;
  readonly sharder: ShardSize;
  /** Bytes of one batch. */
  readonly batchBytesMax: number;
  /** Refuses to write. */
  readonly readOnly: boolean;
}

/**
 * A store in a cluster of Cassandra: a row a data point and a row a bucket, which other programs can read too.
 *
 * The write timestamp of a row is its revision, so a row made from more of the input stands over one made from less,
 * whoever wrote them and whenever they arrived. Where it has no revision it is the clock's, ascending from write to write.
 *
 * A write first brings new series and shards to the index and then its rows, in batches of one partition each. Memory: the
 * batches in flight, at most `parallelism`, and a million remembered shards.
 */
export class CassandraStore implements Store {
  readonly #client: CassandraClient;
  readonly #clock: Clock;
  readonly #options: CassandraStoreOptions;
  readonly #index: SeriesIndex;
  readonly #reader: ShardReader;
  readonly #staticTagsets: StaticTagsets;
  readonly #pending = new Set<Promise<unknown>>();
  #lastTimestamp = 0;
  #closed = false;

  constructor(client: CassandraClient, clock: Clock, options: CassandraStoreOptions) {
    this.#client = client;
    this.#clock = clock;
    this.#options = options;
    this.#index = new SeriesIndex(client, options.keyspaces);
    this.#reader = new ShardReader(client, this.#index);
    this.#staticTagsets = new StaticTagsets(client, options.keyspaces);
  }

  newest(series: readonly Series[]): Promise<Float64Array> {
    return this.#asked("read from", async () =>
      Float64Array.from(await Promise.all(series.map((one) => this.#newestOf(one)))),
    );
  }

  readObservations(ranges: readonly SeriesRange[]): Promise<Points[]> {
    return this.#asked("read from", () =>
      Promise.all(
        ranges.map(async (range) => {
          const { type } = range.series;
          const rows = await this.#reader.rows(this.#rawLevel(valueColumnOf(type).name), range);
          const time = Float64Array.from(rows, (row) => (row.datetime as Date).getTime());
          return { time, values: valuesOf(type, rows) };
        }),
      ),
    );
  }

  readStates(period: string, ranges: readonly SeriesRange[]): Promise<StateRows[]> {
    const level = this.#rollupLevel(period, "floats, bytes");
    return this.#asked("read from", () =>
      Promise.all(ranges.map(async (range) => statesOf(await this.#reader.rows(level, range)))),
    );
  }

  stateRevisions(period: string, ranges: readonly SeriesRange[]): Promise<ReadonlyMap<number, number>[]> {
    // A cell that every write of a row has.
    const level = this.#rollupLevel(period, "WRITETIME(floats) AS revision");
    return this.#asked("read from", () =>
      Promise.all(
        ranges.map(async (range) => {
          const rows = await this.#reader.rows(level, range);
          return new Map(rows.map((row) => [(row.datetime as Date).getTime(), Number(row.revision)]));
        }),
      ),
    );
  }

  write(write: StoreWrite): Promise<void> {
    return this.#asked("write to", async () => {
      if (this.#options.readOnly) {
        throw new EngineError("STORE_FAILED", "Cannot write to the store as it was opened for reading only");
      }
      if (write.deletes !== undefined) {
        const { keyspaces, sharder } = this.#options;
        const parts = { client: this.#client, index: this.#index, reader: this.#reader, keyspaces, sharder };
        await deleteAll(parts, write.deletes, this.#nextTimestamp());
      }
      const plan = new WritePlan(write, this.#nextTimestamp(), this.#options);
      await this.#index.ensure(plan.shardUses(), this.#nextTimestamp());
      await this.#client.write(plan.batches());
      if (write.staticTagsets !== undefined) {
        await this.#client.write(this.#staticTagsets.batches(write.staticTagsets, this.#nextTimestamp()));
      }
    });
  }

  /** The least that must be read is read, and what else the filter says is looked at here. */
  find(filter: SeriesFilter): Promise<Series[]> {
    return this.#asked("read from", async () => {
      const touched = filter.range === undefined ? undefined : touchedShards(filter.range);
      if (filter.range !== undefined && touched === undefined) return [];
      const statics = filter.where === undefined ? undefined : await this.#staticTagsets.read();
      const found: Series[] = [];
      for (const series of await this.#index.find(filter)) {
        if (!matchesFilter(filter, series, statics?.get(series.metric))) continue;
        const inRange =
          touched === undefined ||
          (await this.#index.shards(series, tagLevel, touched.first, touched.last)).some((shard) => touched.has(shard));
        if (inRange) found.push(series);
      }
      return found;
    });
  }

  staticTagsets(metrics?: readonly string[]): Promise<Map<string, Tagset>> {
    return this.#asked("read from", () => this.#staticTagsets.read(metrics));
  }

  /** Shards in which the series had data points, ascending: the tag index. */
  shards(series: Series): Promise<string[]> {
    return this.#asked("read from", () => this.#index.shards(series, tagLevel));
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#client.close(Promise.allSettled(this.#pending));
  }

  async #newestOf(series: Series): Promise<number> {
    const query = `SELECT datetime FROM ${this.#options.keyspaces.raw}.observations
      WHERE metric = ? AND tagset = ? AND type = ? AND shard = ? LIMIT 1`;
    // The newest shards may be empty by now: data points expire, or were deleted.
    for (const shard of (await this.#index.shards(series, rawShards(this.#options.sharder).level)).reverse()) {
      const [row] = await this.#client.rows(query, [...keyOf(series), textCell(shard)]);
      if (row !== undefined) return (row.datetime as Date).getTime();
    }
    return Number.NEGATIVE_INFINITY;
  }

  #rawLevel(column: string): Level {
    return {
      shards: rawShards(this.#options.sharder),
      query: `SELECT datetime, ${column} FROM ${this.#options.keyspaces.raw}.observations WHERE metric = ? AND tagset = ?
        AND type = ? AND shard = ? AND datetime >= ? AND datetime < ?`,
      key: [],
    };
  }

  #rollupLevel(period: string, columns: string): Level {
    return {
      shards: rollupShards(this.#options.sharder, period),
      query: `SELECT datetime, ${columns} FROM ${this.#options.keyspaces.aggregated}.aggregations WHERE metric = ?
        AND tagset = ? AND type = ? AND shard = ? AND period = ? AND datetime >= ? AND datetime < ?`,
      key: [textCell(period)],
    };
  }

  #nextTimestamp(): number {
    this.#lastTimestamp = Math.max(this.#clock.now() * 1000, this.#lastTimestamp + 1);
    return this.#lastTimestamp;
  }

  async #asked<T>(action: string, run: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new EngineError("STORE_FAILED", `Cannot ${action} the store as it is closed`);
    const running = run();
    this.#pending.add(running);
    try {
      return await running;
    } finally {
      this.#pending.delete(running);
    }
  }
}
