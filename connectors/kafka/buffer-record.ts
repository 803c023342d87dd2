import type { ObservationChunk } from "../../blocks/model/observation-chunk.ts";
import { boxedOf } from "../../blocks/model/rows/boxed-value.ts";
import { decodeRecord, RecordBuilder, wordsOfChunk } from "../../blocks/model/rows/record.ts";
import type { SeriesTable } from "../../blocks/model/series.ts";

/**
 * A record of a buffer as Kafka keeps it: it names its series itself, so that any engine can read it.
 *
 *     4 bytes "MRB1", u32 rows, u32 bytes of the names, u32 0
 *     the names: JSON, `[metric, [[tag, value], …], type]` of each series, filled up to 8 bytes
 *     the rows, as `RecordBuilder` has them; the number of a series is its place among the names
 */
const headerBytes = 16;
const magic = 0x3142524d;
/** Both together stay below the 1 MiB that brokers take unless told otherwise, uncompressed. */
const limits = { rows: 16_384, bytes: 384 * 1024 };
const namesBytesMax = 256 * 1024;

/** @returns the rows of all chunks, in order, as records by partition. */
export function encodeBuffered(
  chunks: readonly ObservationChunk[],
  partitions: number,
): { partition: number; rows: number; value: Uint8Array }[] {
  const parts = Array.from({ length: partitions }, () => new BufferedBuilder());
  const records: { partition: number; rows: number; value: Uint8Array }[] = [];
  const take = (partition: number, part: BufferedBuilder) => {
    if (part.rows > 0) records.push({ partition, rows: part.rows, value: part.take() });
  };
  for (const chunk of chunks) {
    const words = wordsOfChunk(chunk);
    const blobs = boxedOf(chunk.values, chunk.length);
    for (let row = 0; row < chunk.length; row += 1) {
      const partition = chunk.table.at(chunk.series[row] ?? 0).hash % partitions;
      const part = parts[partition];
      if (part === undefined) continue;
      part.push(chunk, words, row, blobs?.[row]);
      if (part.full) take(partition, part);
    }
  }
  for (const [partition, part] of parts.entries()) take(partition, part);
  return records;
}

class BufferedBuilder {
  readonly #builder = new RecordBuilder(limits);
  readonly #ids = new Map<number, number>();
  #names: string[] = [];
  #namesBytes = 0;

  get rows(): number {
    return this.#builder.rows;
  }

  get full(): boolean {
    return this.#builder.full || this.#namesBytes >= namesBytesMax;
  }

  push(chunk: ObservationChunk, words: Uint32Array, row: number, blob: Uint8Array | undefined): void {
    const index = chunk.series[row] ?? 0;
    let id = this.#ids.get(index);
    if (id === undefined) {
      id = this.#names.length;
      const { metric, tagset, type } = chunk.table.at(index);
      const name = JSON.stringify([metric, [...tagset], type]);
      this.#ids.set(index, id);
      this.#names.push(name);
      this.#namesBytes += Buffer.byteLength(name) + 1;
    }
    this.#builder.push(chunk, words, row, id, blob);
  }

  /** The record; the builder is empty again. */
  take(): Uint8Array {
    const { rows } = this.#builder;
    const names = Buffer.from(`[${this.#names.join(",")}]`);
    const body = this.#builder.take();
    const value = Buffer.alloc(headerBytes + filled(names.length) + body.length);
    value.writeUInt32LE(magic, 0);
    value.writeUInt32LE(rows, 4);
    value.writeUInt32LE(names.length, 8);
    names.copy(value, headerBytes);
    value.set(body, headerBytes + filled(names.length));
    this.#ids.clear();
    this.#names = [];
    this.#namesBytes = 0;
    return value;
  }
}

/** Rows of a record; undefined where it is none of a buffer. */
export function rowsOfBuffered(value: Buffer | null): number | undefined {
  if (value === null || value.length < headerBytes || value.readUInt32LE(0) !== magic) return undefined;
  return value.readUInt32LE(4);
}

/** The chunks of a record, each under a receipt that nobody watches. */
export function decodeBuffered(value: Buffer, table: SeriesTable): ObservationChunk[] {
  const namesBytes = value.readUInt32LE(8);
  const names = JSON.parse(value.toString("utf8", headerBytes, headerBytes + namesBytes)) as StoredName[];
  const indices = names.map(([metric, tags, type]) => table.intern(metric, new Map(tags), type).index);
  const body = value.subarray(headerBytes + filled(namesBytes));
  return decodeRecord(body, table, (id) => indices[id] ?? 0);
}

type StoredName = readonly [metric: string, tags: readonly (readonly [string, string])[], type: string];

const filled = (bytes: number) => (bytes + 7) & ~7;
