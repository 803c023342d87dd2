import { BIGINT, DOUBLE, type DuckDBConnection, DuckDBInstance, type DuckDBValue, VARCHAR } from "@duckdb/node-api";
import { type Entry, metrics } from "./rollup-case.ts";
import { standing } from "./rollup-run.ts";

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

  /** Replaces the observations; of equal timestamps the one that entered last stands. */
  async load(entries: readonly Entry[]): Promise<void> {
    const rows: Record<Table, string[]> = { doubles: [], longs: [], texts: [] };
    const bound: Record<Table, DuckDBValue[]> = { doubles: [], longs: [], texts: [] };
    for (const { metric, time, value } of standing(entries)) {
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

  /** Every bucket of a period, by metric and start. */
  async buckets(label: string): Promise<ReferenceBucket[]> {
    const bucket = `epoch_ms(${startSql(label)})`;
    const dated = "arg_min(value, time) as first, arg_max(value, time) as last";
    const grouped = (columns: string, table: string) =>
      this.#rows(`select metric, ${bucket} as bucket, count(*) as count, ${columns} from ${table} group by all`);
    const doubles = await grouped(
      `${dated}, min(value) as min, max(value) as max, fsum(value) as sum, fsum(value * value) as squares,
       sum(abs(value)) as size, sum(value * value) as squaresSize`,
      "doubles",
    );
    // The square of a long may need 126 bits and a sum of them more than 128, so it is put together from halves.
    const longs = await grouped(
      `${dated}, min(value) as min, max(value) as max, sum(value::hugeint) as sum,
       sum((value >> 32)::hugeint * (value >> 32)) as high, sum((value >> 32)::hugeint * (value & 4294967295)) as mixed,
       sum((value & 4294967295)::hugeint * (value & 4294967295)) as low`,
      "longs",
    );
    for (const row of longs) {
      const [high, mixed, low] = [row.high, row.mixed, row.low] as [bigint, bigint, bigint];
      row.squares = (high << 64n) + (mixed << 33n) + low;
    }
    const texts = await grouped(dated, "texts");
    return [...doubles, ...longs, ...texts].map(
      (row) => ({ ...row, bucket: Number(row.bucket), count: Number(row.count) }) as unknown as ReferenceBucket,
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

function startSql(label: string): string {
  const [, count, unit] = /^(\d+)(s|m|h|d|mo)$/.exec(label) ?? [];
  const name = units[unit as keyof typeof units];
  if (count === "1") return `date_trunc('${name}', time::timestamp)`;
  // Counted from the epoch where of one length, and from the beginning of a year where of months.
  return `time_bucket(interval '${count} ${name}', time::timestamp, timestamp '1970-01-01')`;
}
