import type { DuckDBConnection } from "@duckdb/node-api";
import { bucketSumNames } from "./bucket-checksum.ts";
import type { Checksum } from "./checksum.ts";
import type { SensorRows } from "./sensor-rows.ts";
import type { Participant } from "./workload.ts";

export interface DuckDbOptions {
  readonly input: (rows: number, seed: number) => SensorRows;
  /** What the minutes are made of: a table or a query in brackets, with the columns series, time and value. */
  readonly from: string;
  /** Whether loading the rows is on the clock. */
  readonly timesLoading: boolean;
  /** Threads of a query; absent: as many as it chooses, which is one for each processor. */
  readonly threads?: number;
}

/**
 * DuckDB in memory: rows are loaded with the appender in data chunks of 2,048 rows, and one
 * GROUP BY makes a table of all minutes at the end. It takes the whole set at once; it is no stream.
 */
export function duckDb(name: string, { input, from, timesLoading, threads }: DuckDbOptions): Participant {
  return {
    name,
    async open({ rows, seed }) {
      const columns = input(rows, seed);
      return {
        async prepare() {
          const { DuckDBInstance } = await import("@duckdb/node-api");
          const instance = await DuckDBInstance.create(
            ":memory:",
            threads === undefined ? {} : { threads: String(threads) },
          );
          const connection = await instance.connect();
          await connection.run("create table observations (series integer, time double, value double)");
          if (!timesLoading) await load(connection, columns);
          return {
            elements: columns.length,
            async run() {
              if (timesLoading) await load(connection, columns);
              await connection.run(`create table buckets as ${minutes(from)}`);
            },
            async finish() {
              const checksum = await checksumOf(connection);
              connection.closeSync();
              instance.closeSync();
              return checksum;
            },
          };
        },
      };
    },
  };
}

const minutes = (from: string) => `
  select series, floor(time / 60000)::bigint as minute, count(*) as count, arg_min(value, time) as first,
    arg_max(value, time) as last, min(value) as min, max(value) as max, sum(value) as sum, sum(value * value) as squares
  from ${from} group by series, minute`;

async function load(connection: DuckDBConnection, rows: SensorRows): Promise<void> {
  const { DOUBLE, DuckDBDataChunk, INTEGER } = await import("@duckdb/node-api");
  const appender = await connection.createAppender("observations");
  const chunk = DuckDBDataChunk.create([INTEGER, DOUBLE, DOUBLE]);
  for (let from = 0; from < rows.length; from += dataChunkRows) {
    const to = Math.min(rows.length, from + dataChunkRows);
    chunk.reset();
    chunk.rowCount = to - from;
    [rows.series, rows.time, rows.values].forEach((column, index) => {
      const vector = chunk.getColumnVector(index);
      for (let row = from; row < to; row += 1) vector.setItem(row - from, column[row] as number);
      vector.flush();
    });
    appender.appendDataChunk(chunk);
  }
  appender.closeSync();
}

/** The most that a data chunk holds. */
const dataChunkRows = 2_048;

async function checksumOf(connection: DuckDBConnection): Promise<Checksum> {
  const sums = bucketSumNames.map((name) => `fsum(${name})`).join(", ");
  const result = await connection.runAndReadAll(`select count(*), sum(count), ${sums} from buckets`);
  const [buckets, rows, ...values] = (result.getRows()[0] ?? []).map(Number);
  return {
    counts: { buckets: buckets ?? 0, rows: rows ?? 0 },
    sums: Object.fromEntries(bucketSumNames.map((name, place) => [name, values[place] ?? Number.NaN])),
  };
}
