import { aligned, appendToChunk, chunkBytes, chunkHeader, decodeChunk, encodeChunk, lastTimeOf } from "./chunk.ts";
import type { KeyValues, Operation } from "./environment.ts";
import { readOrdered, writeOrdered } from "./ordered-key.ts";
import { concatRows, lowerBound, mergeRows, noRows, type Rows, sliceRows } from "./rows.ts";
import type { TailStarts } from "./tail-starts.ts";

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
 * It reads what is committed and says what to commit; two writes of one track must not be between the two at once.
 */
export class Track {
  readonly #chunks: KeyValues;
  readonly #series: number;
  readonly #level: number;
  readonly #prefix: Buffer;
  readonly #limits: ChunkLimits;

  constructor(chunks: KeyValues, series: number, level: number, limits: ChunkLimits) {
    this.#chunks = chunks;
    this.#series = series;
    this.#level = level;
    this.#limits = limits;
    this.#prefix = Buffer.allocUnsafe(prefixBytes);
    this.#prefix.writeUInt32BE(series, 0);
    this.#prefix.writeUInt16BE(level, 4);
  }

  /** Time of the newest row, `-Infinity` where there is none. */
  newest(): number {
    const tail = this.#atOrBefore(Number.POSITIVE_INFINITY);
    return tail === undefined ? Number.NEGATIVE_INFINITY : lastTimeOf(tail.chunk);
  }

  /** Rows in `[from, to)`. */
  read(from: number, to: number): Rows {
    if (!(from < to)) return concatRows([]);
    const parts: Rows[] = [];
    const first = this.#startAtOrBefore(from) ?? from;
    for (const { value } of this.#chunks.getRange({ start: this.#key(first), end: this.#key(to) })) {
      const rows = decodeChunk(aligned(value));
      const low = lowerBound(rows.time, from);
      const high = lowerBound(rows.time, to, low);
      if (high > low) parts.push(sliceRows(rows, low, high));
    }
    return concatRows(parts);
  }

  /** What to commit so that `rows` stand, each in place of a stored one of the same time. */
  write(rows: Rows, tails: TailStarts): Operation[] {
    if (rows.time.length === 0) return [];
    const first = rows.time[0] ?? 0;
    const tail = this.#tail(tails);
    if (tail !== undefined && first < tail.start) {
      tails.forget(this.#series, this.#level);
      return this.#mergeLate(rows);
    }
    const operations = this.#writeAtTail(tail, rows, first);
    // The last operation is always the last chunk.
    const last = operations.at(-1);
    if (last !== undefined) tails.set(this.#series, this.#level, readOrdered(last.key, prefixBytes));
    return operations;
  }

  /** What to commit so that the rows in `ranges` are gone, and `rows` stand. */
  replace(ranges: readonly Range[], rows: Rows, tails: TailStarts): Operation[] {
    tails.forget(this.#series, this.#level);
    const times = [...ranges.flatMap(({ from, to }) => (from < to ? [from, to] : [])), ...rows.time];
    if (times.length === 0) return [];
    const first = this.#startAtOrBefore(min(times)) ?? this.#firstStart();
    const operations: Operation[] = [];
    let left = rows;
    let into: StoredChunk | undefined;
    const rewrite = (next: number) => {
      const taken = into === undefined ? 0 : lowerBound(left.time, next);
      if (into !== undefined) operations.push(...this.#replaceIn(into, next, ranges, sliceRows(left, 0, taken)));
      left = sliceRows(left, taken, left.time.length);
    };
    const range = { start: this.#key(first), end: this.#key(max(times)), inclusiveEnd: true };
    for (const { key, value } of this.#chunks.getRange(range)) {
      const start = readOrdered(key, prefixBytes);
      rewrite(start);
      into = { start, chunk: aligned(value) };
    }
    rewrite(Number.POSITIVE_INFINITY);
    return left.time.length === 0 ? operations : [...operations, ...this.#newChunks(left)];
  }

  /** @param next Start of the chunk behind this one. */
  #replaceIn({ start, chunk }: StoredChunk, next: number, ranges: readonly Range[], rows: Rows): Operation[] {
    const gone = { table: this.#chunks, key: this.#key(start), value: undefined };
    const touched = ranges.filter(({ from, to }) => from < next && to > start);
    if (rows.time.length === 0 && touched.some(({ from, to }) => from <= start && to >= next)) return [gone];
    const old = decodeChunk(chunk);
    const kept = touched.reduce((some, { from, to }) => withoutRange(some, from, to), old);
    if (kept === old && rows.time.length === 0) return [];
    const merged = mergeRows(kept, rows);
    if (merged.time.length === 0) return [gone];
    return merged.time[0] === start ? this.#newChunks(merged) : [gone, ...this.#newChunks(merged)];
  }

  #writeAtTail(tail: StoredChunk | undefined, rows: Rows, first: number): Operation[] {
    if (tail === undefined) return this.#newChunks(rows);
    if (first <= lastTimeOf(tail.chunk)) return this.#mergeInto(tail, rows);
    if (!this.#joins(tail.chunk, rows)) return this.#newChunks(rows);
    const count = rows.time.length;
    const room = this.#limits.cutRows - chunkHeader(tail.chunk).count;
    const joined = appendToChunk(tail.chunk, sliceRows(rows, 0, Math.min(room, count)));
    const join = { table: this.#chunks, key: this.#key(tail.start), value: joined };
    return count <= room ? [join] : [join, ...this.#newChunks(sliceRows(rows, room, count))];
  }

  #tail(tails: TailStarts): StoredChunk | undefined {
    const start = tails.get(this.#series, this.#level);
    const known = start === undefined ? undefined : this.#chunks.get(this.#key(start));
    if (start === undefined || known === undefined) return this.#atOrBefore(Number.POSITIVE_INFINITY);
    return { start, chunk: aligned(known) };
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
    let into: StoredChunk | undefined;
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

  #mergeInto({ start, chunk }: StoredChunk, rows: Rows): Operation[] {
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

  #atOrBefore(time: number): StoredChunk | undefined {
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

/** Half-open, ms since the epoch. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

function withoutRange(rows: Rows, from: number, to: number): Rows {
  const low = lowerBound(rows.time, from);
  const high = Math.max(low, lowerBound(rows.time, to, low));
  if (low === high) return rows;
  if (low === 0 && high === rows.time.length) return noRows;
  return concatRows(
    [sliceRows(rows, 0, low), sliceRows(rows, high, rows.time.length)].filter(({ time }) => time.length > 0),
  );
}

const min = (numbers: readonly number[]) => numbers.reduce((a, b) => Math.min(a, b));
const max = (numbers: readonly number[]) => numbers.reduce((a, b) => Math.max(a, b));

interface StoredChunk {
  readonly start: number;
  readonly chunk: Uint8Array;
}
