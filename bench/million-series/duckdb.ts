import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { benchFolder } from "../bench-folder.ts";
import { bucketSumNames } from "../bucket-checksum.ts";
import type { Checksum } from "../checksum.ts";
import { PeakMemory } from "../peak-memory.ts";
import type { Participant } from "../workload.ts";
import { meterRows } from "./meter-rows.ts";

/**
 * DuckDB in a file, held to the same memory: rows are loaded with the appender in data chunks of 1,024 rows, and at the end a
 * GROUP BY each makes the tables of minutes, hours and days. It takes the whole set at once, and knows series by number alone.
 */
export const duckDbMeters: Participant = {
  name: "duckdb",
  async open({ rows, seed }) {
    return {
      async prepare() {
        const folder = await benchFolder();
        const { DuckDBInstance } = await import("@duckdb/node-api");
        const instance = await DuckDBInstance.create(join(folder, "meters.duckdb"), { memory_limit: "768MiB" });
        const connection = await instance.connect();
        await connection.run("create table observations (series integer, time double, value double)");
        const memory = new PeakMemory();
        return {
          elements: rows,
          async run() {
            await load(connection, rows, seed, memory);
            for (const [name, ms] of Object.entries(periods)) {
              await connection.run(`create table ${name} as ${buckets(ms)}`);
              memory.sample();
            }
            await connection.run("checkpoint");
          },
          async finish() {
            const checksum = await checksumOf(connection);
            connection.closeSync();
            instance.closeSync();
            await rm(folder, { recursive: true });
            return checksum;
          },
          anonymousMb: () => memory.mb,
        };
      },
    };
  },
};

const periods = { minutes: 60_000, hours: 3_600_000, days: 86_400_000 };

const buckets = (ms: number) => `
  select series, floor(time / ${ms})::bigint as bucket, count(*) as count, arg_min(value, time) as first,
    arg_max(value, time) as last, min(value) as min, max(value) as max, sum(value) as sum, sum(value * value) as squares
  from observations group by series, bucket`;

async function load(connection: DuckDBConnection, rows: number, seed: number, memory: PeakMemory): Promise<void> {
  const { DOUBLE, DuckDBDataChunk, INTEGER } = await import("@duckdb/node-api");
  const appender = await connection.createAppender("observations");
  const chunk = DuckDBDataChunk.create([INTEGER, DOUBLE, DOUBLE]);
  for (const { meter, time, values } of meterRows(rows, seed)) {
    chunk.reset();
    chunk.rowCount = meter.length;
    [meter, time, values].forEach((column, index) => {
      const vector = chunk.getColumnVector(index);
      for (let row = 0; row < meter.length; row += 1) vector.setItem(row, column[row] as number);
      vector.flush();
    });
    appender.appendDataChunk(chunk);
    memory.sample();
  }
  appender.closeSync();
}

async function checksumOf(connection: DuckDBConnection): Promise<Checksum> {
  const sums = bucketSumNames.map((name) => `fsum(${name})`).join(", ");
  const both = "(select * from hours union all select * from days)";
  const result = await connection.runAndReadAll(`select count(*), sum(count), ${sums} from ${both}`);
  const [count, rows, ...values] = (result.getRows()[0] ?? []).map(Number);
  return {
    counts: { buckets: count ?? 0, rows: (rows ?? 0) / 2 },
    sums: Object.fromEntries(bucketSumNames.map((name, place) => [name, values[place] ?? Number.NaN])),
  };
}
