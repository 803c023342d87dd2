import {
  BIGINT,
  DOUBLE,
  type DuckDBConnection,
  DuckDBInstance,
  type DuckDBListValue,
  type DuckDBValue,
  VARCHAR,
} from "@duckdb/node-api";
import type { BucketRules } from "../../../blocks/model/bucket-rules.ts";
import { type Entry, metrics } from "./rollup-case.ts";

/** What DuckDB says of one bucket; absent where its type has no such value. */
export interface ReferenceBucket {
  readonly metric: string;
  /** Start, ms since the epoch. */
  readonly bucket: number;
  readonly count: number;
  /** JSON where it is neither number nor bigint. */
  readonly first?: unknown;
  readonly last?: unknown;
  readonly min?: unknown;
  readonly max?: unknown;
  readonly sum?: unknown;
  readonly squares?: unknown;
  /** Sum of the absolute values: what the error of a float sum is measured against. */
  readonly size?: number;
  readonly squaresSize?: number;
  readonly increase?: unknown;
  /** Value × ms under the steps between first and last. */
  readonly area?: unknown;
  readonly ms?: unknown;
  readonly minutes: number;
  readonly distinct: number;
  /** In order. */
  readonly sorted?: readonly unknown[];
}

/** Rollups in SQL over the set of observations, written by nobody of ours. */
export class DuckDbRollup {
  readonly #connection: DuckDBConnection;

  private constructor(connection: DuckDBConnection) {
    this.#connection = connection;
  }

  static async open(): Promise<DuckDbRollup> {
    const connection = await (await DuckDBInstance.create(":memory:", { threads: "1" })).connect();
    await connection.run("create table doubles (metric varchar, time timestamp_ms, value double)");
    await connection.run("create table longs (metric varchar, time timestamp_ms, value bigint)");
    await connection.run("create table texts (metric varchar, time timestamp_ms, value varchar)");
    return new DuckDbRollup(connection);
  }

  /** Replaces the observations, of which no two are of one series and timestamp. */
  async load(entries: readonly Entry[]): Promise<void> {
    const rows: Record<Table, string[]> = { doubles: [], longs: [], texts: [] };
    const bound: Record<Table, DuckDBValue[]> = { doubles: [], longs: [], texts: [] };
    for (const { metric, time, value } of entries) {
      const { name, type } = metrics[metric] as (typeof metrics)[number];
      const table = tableOf(type);
      bound[table].push(table === "texts" ? JSON.stringify(value) : (value as number | bigint));
      rows[table].push(`('${name}', make_timestamp_ms(${time}), $${bound[table].length})`);
    }
    for (const [table, column] of [
      ["doubles", DOUBLE],
      ["longs", BIGINT],
      ["texts", VARCHAR],
    ] as const) {
      await this.#connection.run(`delete from ${table}`);
      if (rows[table].length === 0) continue;
      const types = bound[table].map(() => column);
      await this.#connection.run(`insert into ${table} values ${rows[table].join()}`, bound[table], types);
    }
  }

  /** Every bucket of a period, by metric and label. */
  async buckets(label: string, rules: BucketRules): Promise<ReferenceBucket[]> {
    const { start, stamp } = bucketSql(label, rules);
    const dated = "arg_min(value, time) as first, arg_max(value, time) as last";
    const before = "lag(value) over (partition by metric, bucket order by time) as before";
    const ago = "epoch_ms(time) - lag(epoch_ms(time)) over (partition by metric, bucket order by time) as ago";
    const grouped = (columns: string, table: string) =>
      this.#rows(
        `with placed as (select *, ${start} as bucket from ${table}), stepped as (select *, ${before}, ${ago} from placed)
         select metric, ${stamp} as bucket, count(*) as count, count(distinct value) as distinct,
           count(distinct floor(epoch_ms(time) / 60000)) as minutes, ${columns} from stepped group by metric, stepped.bucket`,
      );
    const counter = (type: string) =>
      `max(epoch_ms(time)) - min(epoch_ms(time)) as ms, list(value order by value) as sorted,
       ${type === "double" ? "fsum" : "sum"}(case when value < before then value::${type} else value::${type} - before end) as increase,
       ${type === "double" ? "fsum" : "sum"}(before::${type} * ago) as area`;
    const doubles = await grouped(
      `${dated}, min(value) as min, max(value) as max, fsum(value) as sum, fsum(value * value) as squares,
       sum(abs(value)) as size, sum(value * value) as squaresSize, ${counter("double")}`,
      "doubles",
    );
    // The square of a long may need 126 bits and a sum of them more than 128, so it is put together from halves.
    const longs = await grouped(
      `${dated}, min(value) as min, max(value) as max, sum(value::hugeint) as sum,
       sum((value >> 32)::hugeint * (value >> 32)) as high, sum((value >> 32)::hugeint * (value & 4294967295)) as mixed,
       sum((value & 4294967295)::hugeint * (value & 4294967295)) as low, ${counter("hugeint")}`,
      "longs",
    );
    for (const row of longs) {
      const [high, mixed, low] = [row.high, row.mixed, row.low] as [bigint, bigint, bigint];
      row.squares = (high << 64n) + (mixed << 33n) + low;
    }
    const texts = await grouped(dated, "texts");
    return [...doubles, ...longs, ...texts].map(
      (row) =>
        ({
          ...row,
          ...Object.fromEntries(["bucket", "count", "minutes", "distinct"].map((name) => [name, Number(row[name])])),
          ...(row.sorted !== undefined && { sorted: (row.sorted as DuckDBListValue).items }),
        }) as unknown as ReferenceBucket,
    );
  }

  async #rows(sql: string): Promise<Record<string, unknown>[]> {
    return (await this.#connection.runAndReadAll(sql)).getRowObjects();
  }
}

type Table = "doubles" | "longs" | "texts";

function tableOf(type: (typeof metrics)[number]["type"]): Table {
  if (type === "tlong") return "longs";
  return type === "tdouble" || type === "tbool" ? "doubles" : "texts";
}

const units = { s: "second", m: "minute", h: "hour", d: "day", mo: "month" } as const;

/** SQL of the start of the bucket of `time`, and of the label of a bucket that starts at `bucket`; both ms. */
function bucketSql(label: string, rules: BucketRules): { start: string; stamp: string } {
  const [, count, unit] = /^(\d+)(s|m|h|d|mo)$/.exec(label) ?? [];
  const ends = rules.label === "end";
  const time = ends ? "(epoch_ms(time) - 1)" : "epoch_ms(time)";
  const shape =
    rules.timezone === "UTC"
      ? utcSql(Number(count), unit as Unit)
      : zoneSql(Number(count), unit as Unit, rules.timezone);
  return { start: shape.start(time), stamp: ends ? shape.end("bucket") : "bucket" };
}

type Unit = keyof typeof units;

/** Counted from the epoch where of one length, and from the beginning of a year where of months. */
function utcSql(count: number, unit: Unit) {
  const interval = `interval '${count} ${units[unit]}'`;
  const at = (ms: string) => `make_timestamp_ms((${ms})::bigint)::timestamp`;
  return {
    start: (ms: string) => `epoch_ms(time_bucket(${interval}, ${at(ms)}, timestamp '1970-01-01'))`,
    end: (ms: string) => `epoch_ms(${at(ms)} + ${interval})`,
  };
}

/** Days and months by the calendar of the zone; parts of a day counted from its start. */
function zoneSql(count: number, unit: Unit, zone: string) {
  const local = (ms: string) => `(make_timestamptz((${ms})::bigint * 1000) at time zone '${zone}')`;
  const instant = (date: string) => `epoch_ms((${date})::timestamp at time zone '${zone}')`;
  const dayNumber = (ms: string) => `date_diff('day', date '1970-01-01', ${local(ms)}::date)`;
  const day = (number: string) => instant(`date '1970-01-01' + (${number})::int`);
  const month = (number: string) => instant(`make_date((${number} // 12)::bigint, (${number} % 12 + 1)::bigint, 1)`);
  const monthNumber = (ms: string) => `(year(${local(ms)}) * 12 + month(${local(ms)}) - 1)`;
  const floored = (number: string) => `(floor(${number} / ${count})::bigint * ${count})`;
  if (unit === "mo") {
    return {
      start: (ms: string) => month(floored(monthNumber(ms))),
      end: (ms: string) => month(`(${monthNumber(ms)} + ${count})`),
    };
  }
  if (unit === "d") {
    return {
      start: (ms: string) => day(floored(dayNumber(ms))),
      end: (ms: string) => day(`${dayNumber(ms)} + ${count}`),
    };
  }
  const length = count * { s: 1_000, m: 60_000, h: 3_600_000 }[unit];
  return {
    start: (ms: string) => `(${day(dayNumber(ms))} + (${ms} - ${day(dayNumber(ms))}) // ${length} * ${length})`,
    end: (ms: string) => `least(${ms} + ${length}, ${day(`${dayNumber(ms)} + 1`)})`,
  };
}
