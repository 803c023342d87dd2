import { aligned, appendToChunk, chunkBytes, chunkHeader, decodeChunk, encodeChunk, lastTimeOf } from "./chunk.ts";
import type { KeyValues, Operation } from "./environment.ts";
import { readOrdered, writeOrdered } from "./ordered-key.ts";
import { concatRows, lowerBound, mergeRows, noRows, type Rows, sliceRows } from "./rows.ts";
import type { Tail, Tails } from "./tails.ts";

/** When chunks are joined, cut and split. Sizes are of one chunk. */
export interface ChunkLimits {
  /** Rows after the last go into the last chunk while it has fewer rows, and fewer bytes, than this. */
  readonly joinRows: number;
  readonly joinBytes: number;
  /** Rows of a new chunk at most; one row may be larger than the bytes. */
  readonly cutRows: number;
  readonly cutBytes: number;
  /** A chunk that late rows fall into is split beyond this. */
  readonly splitRows: number;
  readonly splitBytes: number;
}

/**
 * The chunks of one series at one level, never overlapping: each row stands in the chunk with the greatest start that is not
 * after it. Keys are series (u32), level (u16), start of the chunk (ordered double).
 *
 * It reads what is committed and says what to commit; two writes of one track must not be between the two at once. `tails` are
 * those of all tracks of the folder; who only reads has none.
 */
export class Track {
  readonly #chunks: KeyValues;
  readonly #series: number;
  readonly #level: number;
  readonly #prefix: Buffer;
  readonly #limits: ChunkLimits;
  readonly #tails: Tails | undefined;

  constructor(chunks: KeyValues, series: number, level: number, limits: ChunkLimits, tails?: Tails) {
    this.#chunks = chunks;
    this.#series = series;
    this.#level = level;
    this.#limits = limits;
    this.#tails = tails;
    this.#prefix = Buffer.allocUnsafe(prefixBytes);
    this.#prefix.writeUInt32BE(series, 0);
    this.#prefix.writeUInt16BE(level, 4);
  }

  /** Time of the newest row, `-Infinity` where there is none. */
  newest(): number {
    const tail = this.#tail();
    return tail === undefined ? Number.NEGATIVE_INFINITY : lastTimeOf(tail.chunk);
  }

  /** Rows in `[from, to)`. */
  read(from: number, to: number): Rows {
    if (!(from < to)) return concatRows([]);
    const tail = this.#tails && this.#tail();
    if (tail !== undefined && from >= tail.start) {
      const rows = between(decodeChunk(tail.chunk), from, to);
      return rows.time.length === 0 ? noRows : copyOf(rows);
    }
    const parts: Rows[] = [];
    const first = this.#startAtOrBefore(from) ?? from;
    for (const { value } of this.#chunks.getRange({ start: this.#key(first), end: this.#key(to) })) {
      const rows = between(decodeChunk(aligned(value)), from, to);
      if (rows.time.length > 0) parts.push(rows);
    }
    return concatRows(parts);
  }

  /** What to commit so that `rows` stand, each in place of a stored one of the same time. */
  write(rows: Rows): Operation[] {
    if (rows.time.length === 0) return [];
    const first = rows.time[0] ?? 0;
    const tail = this.#tail();
    if (tail !== undefined && first < tail.start) {
      const operations = this.#mergeLate(rows);
      if (operations.some(({ key }) => readOrdered(key, prefixBytes) >= tail.start)) this.#planTail(operations);
      return operations;
    }
    const operations = this.#writeAtTail(tail, rows, first);
    this.#planTail(operations);
    return operations;
  }

  /** The last operation of those that reach the last chunk is of the chunk that will be the last. */
  #planTail(operations: readonly Operation[]): void {
    const last = operations.at(-1);
    if (last?.value === undefined) return;
    this.#tails?.plan(this.#series, this.#level, { start: readOrdered(last.key, prefixBytes), chunk: last.value });
  }

  #writeAtTail(tail: Tail | undefined, rows: Rows, first: number): Operation[] {
    if (tail === undefined) return this.#newChunks(rows);
    if (first <= lastTimeOf(tail.chunk)) return this.#writeAgain(tail, rows, first);
    if (!this.#joins(tail.chunk, rows)) return this.#newChunks(rows);
    const count = rows.time.length;
    const room = this.#limits.cutRows - chunkHeader(tail.chunk).count;
    const joined = appendToChunk(tail.chunk, sliceRows(rows, 0, Math.min(room, count)));
    const join = { table: this.#chunks, key: this.#key(tail.start), value: joined };
    return count <= room ? [join] : [join, ...this.#newChunks(sliceRows(rows, room, count))];
  }

  /**
   * Rows of the last chunk are written again, with later ones behind them: those that stay behind leave a chunk that is large
   * enough, so that the newest bucket, which is written again each time, does not take a large chunk along.
   */
  #writeAgain(tail: Tail, rows: Rows, first: number): Operation[] {
    const old = decodeChunk(tail.chunk);
    const staying = lowerBound(old.time, first);
    if (staying < this.#limits.joinRows) return this.#mergeInto(tail, rows);
    const left = { table: this.#chunks, key: this.#key(tail.start), value: encodeChunk(sliceRows(old, 0, staying)) };
    return [left, ...this.#newChunks(mergeRows(sliceRows(old, staying, old.time.length), rows))];
  }

  #tail(): Tail | undefined {
    const find = () => this.#atOrBefore(Number.POSITIVE_INFINITY);
    return this.#tails === undefined ? find() : this.#tails.get(this.#series, this.#level, find);
  }

  #joins(tail: Uint8Array, rows: Rows): boolean {
    const { count, stride, hasBlobs } = chunkHeader(tail);
    const { joinRows, joinBytes } = this.#limits;
    const small = count < joinRows && tail.byteLength < joinBytes && chunkBytes(rows) < this.#limits.cutBytes;
    return small && stride === rows.stride && hasBlobs === (rows.blobs !== undefined);
  }

  #mergeLate(rows: Rows): Operation[] {
    const { time } = rows;
    const first = this.#startAtOrBefore(time[0] ?? 0) ?? this.#firstStart();
    const last = Math.max(first, time[time.length - 1] ?? 0);
    const operations: Operation[] = [];
    let at = 0;
    let into: Tail | undefined;
    const mergeUpTo = (end: number) => {
      if (into !== undefined && end > at) operations.push(...this.#mergeInto(into, sliceRows(rows, at, end)));
      at = end;
    };
    for (const { key, value } of this.#chunks.getRange({
      start: this.#key(first),
      end: this.#key(last),
      inclusiveEnd: true,
    })) {
      const start = readOrdered(key, prefixBytes);
      // Rows before the very first chunk fall into it.
      if (into !== undefined) mergeUpTo(lowerBound(time, start, at));
      into = { start, chunk: aligned(value) };
    }
    mergeUpTo(time.length);
    return operations;
  }

  #mergeInto({ start, chunk }: Tail, rows: Rows): Operation[] {
    const merged = mergeRows(decodeChunk(chunk), rows);
    const { splitRows, splitBytes } = this.#limits;
    const whole = merged.time.length <= splitRows && chunkBytes(merged) <= splitBytes;
    const chunks = whole ? [this.#newChunk(merged)] : this.#newChunks(merged);
    const moved = merged.time[0] !== start;
    return moved ? [{ table: this.#chunks, key: this.#key(start), value: undefined }, ...chunks] : chunks;
  }

  #newChunks(rows: Rows): Operation[] {
    const { cutRows, cutBytes } = this.#limits;
    const operations: Operation[] = [];
    let from = 0;
    let bytes = 0;
    for (let row = 0; row < rows.time.length; row++) {
      const size = 8 + 8 * rows.stride + (rows.blobs?.[row]?.byteLength ?? 0);
      if (row > from && (row - from >= cutRows || bytes + size > cutBytes)) {
        operations.push(this.#newChunk(sliceRows(rows, from, row)));
        from = row;
        bytes = 0;
      }
      bytes += size;
    }
    operations.push(this.#newChunk(sliceRows(rows, from, rows.time.length)));
    return operations;
  }

  #newChunk(rows: Rows): Operation {
    return { table: this.#chunks, key: this.#key(rows.time[0] ?? 0), value: encodeChunk(rows) };
  }

  #firstStart(): number {
    for (const key of this.#chunks.getKeys({ start: this.#key(Number.NEGATIVE_INFINITY), limit: 1 })) {
      return readOrdered(key, prefixBytes);
    }
    return Number.POSITIVE_INFINITY;
  }

  #startAtOrBefore(time: number): number | undefined {
    for (const key of this.#chunks.getKeys({ start: this.#key(time), end: this.#prefix, reverse: true, limit: 1 })) {
      return readOrdered(key, prefixBytes);
    }
    return undefined;
  }

  #atOrBefore(time: number): Tail | undefined {
    const range = { start: this.#key(time), end: this.#prefix, reverse: true, limit: 1 };
    for (const { key, value } of this.#chunks.getRange(range)) {
      return { start: readOrdered(key, prefixBytes), chunk: aligned(value) };
    }
    return undefined;
  }

  #key(start: number): Buffer {
    const key = Buffer.allocUnsafe(prefixBytes + 8);
    key.set(this.#prefix, 0);
    writeOrdered(key, prefixBytes, start);
    return key;
  }
}

const prefixBytes = 6;

function between(rows: Rows, from: number, to: number): Rows {
  const low = lowerBound(rows.time, from);
  return sliceRows(rows, low, lowerBound(rows.time, to, low));
}

/** Whoever reads may keep or change what he got; a tail stays as it is. */
function copyOf({ time, stride, words, blobs }: Rows): Rows {
  return { time: time.slice(), stride, words: words.slice(), blobs: blobs?.map((blob) => blob.slice()) };
}
