import type { Layout } from "../data-type.ts";
import { ObservationChunk } from "../observation-chunk.ts";
import type { SeriesTable } from "../series.ts";
import { Receipt } from "../../../runtime/receipt.ts";
import { aligned, chunkBytes, decodeChunk, encodeChunk, newChunkMemory } from "./chunk.ts";
import { columnOf, type Rows, wordsOf } from "./rows.ts";

/** A record takes no further row once it has this much: what bounds the memory of whoever reads it. */
export interface RecordLimits {
  readonly rows: number;
  readonly bytes: number;
}

const usualLimits: RecordLimits = { rows: 65_536, bytes: 8 * 1024 * 1024 };

/**
 * Gathers the rows of one partition into a record: for each layout a section of series numbers and a chunk.
 * The order of entry holds within a series, as the layout follows from the series' type.
 *
 *     u32 rows of the section, u32 layout (0 float, 1 long, 2 boxed), u32 bytes of the chunk, u32 0
 *     u32 series number, one a row, filled up to 8 bytes; the chunk, filled up to 8 bytes
 */
export class RecordBuilder {
  readonly #limits: RecordLimits;
  readonly #sections = new Map<Layout, Section>();
  #rows = 0;
  #blobBytes = 0;

  constructor(limits = usualLimits) {
    this.#limits = limits;
  }

  get rows(): number {
    return this.#rows;
  }

  get full(): boolean {
    return this.#rows >= this.#limits.rows || this.#rows * 20 + this.#blobBytes >= this.#limits.bytes;
  }

  /** Row `row` of the chunk, whose series has the number `id`; `blob` is its value where the layout is boxed. */
  push(chunk: ObservationChunk, words: Uint32Array, row: number, id: number, blob: Uint8Array | undefined): void {
    let section = this.#sections.get(chunk.layout);
    if (section === undefined) {
      section = new Section();
      this.#sections.set(chunk.layout, section);
    }
    section.push(id, chunk.time[row] ?? 0, words, row, blob);
    this.#rows += 1;
    this.#blobBytes += blob?.byteLength ?? 0;
  }

  /** The record; the builder is empty again. */
  take(): Uint8Array {
    const parts = [...this.#sections].map(([layout, section]) => ({ layout, ...section.take(layout) }));
    this.#sections.clear();
    this.#rows = 0;
    this.#blobBytes = 0;
    const record = newChunkMemory(parts.reduce((sum, part) => sum + sectionBytes(part.rows), 0));
    // What is filled up is zero.
    record.bytes.fill(0);
    let at = 0;
    for (const { layout, ids, rows } of parts) {
      record.words.set([ids.length, layouts.indexOf(layout), chunkBytes(rows), 0], at / 4);
      record.words.set(ids, (at + sectionHeaderBytes) / 4);
      encodeChunk(record, at + sectionHeaderBytes + filled(4 * ids.length), rows);
      at += sectionBytes(rows);
    }
    return record.bytes;
  }
}

/**
 * The rows of a record, one chunk a section, each under a receipt that nobody watches.
 *
 * @param indexOf Index in `table` of the series with this number.
 */
export function decodeRecord(
  bytes: Uint8Array,
  table: SeriesTable,
  indexOf: (id: number) => number,
): ObservationChunk[] {
  const record = aligned(bytes);
  const chunks: ObservationChunk[] = [];
  let at = record.byteOffset;
  const end = at + record.byteLength;
  while (at < end) {
    const [count = 0, layoutIndex = 0, size = 0] = new Uint32Array(record.buffer, at, 4);
    at += sectionHeaderBytes;
    const series = new Uint32Array(record.buffer, at, count).map(indexOf);
    at += filled(4 * count);
    const rows = decodeChunk(new Uint8Array(record.buffer, at, size));
    at += filled(size);
    const layout = layouts[layoutIndex] ?? "boxed";
    const columns = { series, time: rows.time, values: columnOf(layout, rows) };
    chunks.push(new ObservationChunk(table, layout, count, columns, unwatched(count)));
  }
  return chunks;
}

/** The values of a chunk as words; empty where they are boxed. */
export function wordsOfChunk(chunk: ObservationChunk): Uint32Array {
  return Array.isArray(chunk.values) ? new Uint32Array(0) : wordsOf(chunk.values);
}

const layouts: readonly Layout[] = ["float", "long", "boxed"];
const sectionHeaderBytes = 16;
const filled = (bytes: number) => (bytes + 7) & ~7;
const sectionBytes = (rows: Rows) => sectionHeaderBytes + filled(4 * rows.time.length) + filled(chunkBytes(rows));
const unwatched = (rows: number) =>
  new Receipt(
    rows,
    () => {},
    () => {},
  );

/** Columns that grow by doubling. */
class Section {
  #count = 0;
  #ids = new Uint32Array(64);
  #time = new Float64Array(64);
  #words = new Uint32Array(128);
  readonly #blobs: Uint8Array[] = [];

  push(id: number, time: number, words: Uint32Array, row: number, blob: Uint8Array | undefined): void {
    const at = this.#count;
    if (at === this.#ids.length) this.#grow();
    this.#ids[at] = id;
    this.#time[at] = time;
    if (blob === undefined) {
      this.#words[2 * at] = words[2 * row] ?? 0;
      this.#words[2 * at + 1] = words[2 * row + 1] ?? 0;
    } else {
      this.#blobs.push(blob);
    }
    this.#count = at + 1;
  }

  take(layout: Layout): { ids: Uint32Array; rows: Rows } {
    const boxed = layout === "boxed";
    const rows: Rows = {
      time: this.#time.subarray(0, this.#count),
      stride: boxed ? 0 : 1,
      words: this.#words.subarray(0, boxed ? 0 : 2 * this.#count),
      blobs: boxed ? this.#blobs : undefined,
    };
    return { ids: this.#ids.subarray(0, this.#count), rows };
  }

  #grow(): void {
    const length = 2 * this.#ids.length;
    const grown = { ids: new Uint32Array(length), time: new Float64Array(length), words: new Uint32Array(2 * length) };
    grown.ids.set(this.#ids);
    grown.time.set(this.#time);
    grown.words.set(this.#words);
    this.#ids = grown.ids;
    this.#time = grown.time;
    this.#words = grown.words;
  }
}
