import { rm } from "node:fs/promises";
import type { RootDatabase } from "lmdb";
import { benchFolder } from "../bench-folder.ts";
import { type Checksum, ExactSum } from "../checksum.ts";
import { type SensorRows, sensorRows, seriesCount } from "../sensor-rows.ts";
import type { Participant } from "../workload.ts";

/** What the blocks gather, unless told, before they write. */
const batchRows = 262_144;

/**
 * The library under the engine, alone, writing the same rows once: each batch of 262,144 rows is sorted by series and put as one
 * value per series (its times, then its values) in one transaction with an fsync, while the next batch is being sorted.
 *
 * It does less than the engine in all else: no buffer, so nobody could be told early that a row is safe; no rollups, no index
 * of series, no joining of small chunks, no merging of late rows.
 */
export const bareLmdb: Participant = {
  name: "lmdb-rows-once",
  async open({ rows, seed }) {
    const columns = sensorRows(rows, seed);
    return {
      async prepare() {
        const folder = await benchFolder();
        return {
          elements: columns.length,
          run: () => write(folder, columns),
          async finish() {
            const checksum = await checksumOf(folder);
            await rm(folder, { recursive: true });
            return checksum;
          },
        };
      },
    };
  },
};

type Rows = RootDatabase<Buffer, Buffer>;

/** As the engine opens it. */
export async function openRows(path: string): Promise<Rows> {
  const { open } = await import("lmdb");
  const durability = { overlappingSync: false, eventTurnBatching: false };
  return open<Buffer, Buffer>({ path, noSubdir: false, encoding: "binary", keyEncoding: "binary", ...durability });
}

async function write(path: string, rows: SensorRows): Promise<void> {
  const database = await openRows(path);
  let committing: Promise<unknown> = Promise.resolve();
  for (let from = 0; from < rows.length; from += batchRows) {
    const chunks = sortedBySeries(rows, from, Math.min(rows.length, from + batchRows));
    await committing;
    committing = database.batch(() => {
      for (const { key, value } of chunks) void database.put(key, value);
    });
  }
  await committing;
  await database.close();
}

function sortedBySeries({ series, time, values }: SensorRows, from: number, to: number) {
  const counts = new Uint32Array(seriesCount);
  for (let row = from; row < to; row += 1)
    counts[series[row] as number] = (counts[series[row] as number] as number) + 1;
  const chunks = Array.from(counts, (count, index) => ({
    index,
    count,
    columns: new Float64Array(2 * count),
    next: 0,
  }));
  for (let row = from; row < to; row += 1) {
    const chunk = chunks[series[row] as number] as (typeof chunks)[number];
    chunk.columns[chunk.next] = time[row] as number;
    chunk.columns[chunk.count + chunk.next] = values[row] as number;
    chunk.next += 1;
  }
  return chunks.flatMap(({ index, columns }) => {
    if (columns.length === 0) return [];
    const key = Buffer.allocUnsafe(12);
    key.writeUInt32BE(index, 0);
    key.writeDoubleBE(columns[0] as number, 4);
    return [{ key, value: Buffer.from(columns.buffer) }];
  });
}

async function checksumOf(path: string): Promise<Checksum> {
  const database = await openRows(path);
  const times = new ExactSum();
  const values = new ExactSum();
  let rows = 0;
  for (const { value } of database.getRange()) {
    const columns = new Float64Array(Uint8Array.from(value).buffer);
    const count = columns.length / 2;
    rows += count;
    for (let row = 0; row < count; row += 1) {
      times.add(columns[row] as number);
      values.add(columns[count + row] as number);
    }
  }
  await database.close();
  return { counts: { rows }, sums: { times: times.value, values: values.value } };
}
