import {
  aligned,
  appendToChunk,
  chunkBytes,
  chunkHeader,
  decodeChunk,
  encodeChunk,
  lastTimeOf,
} from "../../blocks/model/rows/chunk.ts";
import type { KeyValues, Operation } from "./environment.ts";
import { readOrdered, writeOrdered } from "./ordered-key.ts";
import { concatRows, lowerBound, mergeRows, noRows, type Rows, sliceRows } from "../../blocks/model/rows/rows.ts";
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
  /** The chunk put last by the write at hand, and the latest start of a chunk that it concerns. */
  #lastPut: Tail | undefined;
  #reached = Number.NEGATIVE_INFINITY;

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
    return this.#tail()?.lastTime ?? Number.NEGATIVE_INFINITY;
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
    this.#lastPut = undefined;
    this.#reached = Number.NEGATIVE_INFINITY;
    const first = rows.time[0] ?? 0;
    const tail = this.#tail();
    const operations =
      tail !== undefined && first < tail.start ? this.#mergeLate(rows) : this.#writeAtTail(tail, rows, first);
    // What was put last is the last chunk, unless only chunks before it were concerned.
    const last = this.#lastPut;
    if (last !== undefined && (tail === undefined || this.#reached >= tail.start))
      this.#tails?.plan(this.#series, this.#level, last);
    return operations;
  }

  /** What to commit so that the rows in `ranges` are gone, and `rows` stand. */
  replace(ranges: readonly Range[], rows: Rows): Operation[] {
    this.#tails?.planUnknown(this.#series, this.#level);
    const times = [...ranges.flatMap(({ from, to }) => (from < to ? [from, to] : [])), ...rows.time];
    if (times.length === 0) return [];
    const first = this.#startAtOrBefore(min(times)) ?? this.#firstStart();
    const operations: Operation[] = [];
    let left = rows;
    let into: Tail | undefined;
    const rewrite = (next: number) => {
      const taken = into === undefined ? 0 : lowerBound(left.time, next);
      if (into !== undefined) operations.push(...this.#replaceIn(into, next, ranges, sliceRows(left, 0, taken)));
      left = sliceRows(left, taken, left.time.length);
    };
    const range = { start: this.#key(first), end: this.#key(max(times)), inclusiveEnd: true };
    for (const { key, value } of this.#chunks.getRange(range)) {
      const start = readOrdered(key, prefixBytes);
      rewrite(start);
      into = tailOf(start, aligned(value));
    }
    rewrite(Number.POSITIVE_INFINITY);
    return left.time.length === 0 ? operations : [...operations, ...this.#newChunks(left)];
  }

  /** @param next Start of the chunk behind this one. */
  #replaceIn({ start, chunk }: Tail, next: number, ranges: readonly Range[], rows: Rows): Operation[] {
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

  #writeAtTail(tail: Tail | undefined, rows: Rows, first: number): Operation[] {
    if (tail === undefined) return this.#newChunks(rows);
    if (first < tail.lastTime || !carriesSame(tail.chunk, rows)) {
      return first > tail.lastTime ? this.#newChunks(rows) : this.#writeAgain(tail, rows, first);
    }
    // The newest bucket is written again each time. It does not take a chunk along that is large enough.
    const keeping = first === tail.lastTime ? tail.count - 1 : tail.count;
    const { joinRows, joinBytes, cutRows, cutBytes } = this.#limits;
    if (keeping >= joinRows || tail.chunk.byteLength >= joinBytes || chunkBytes(rows) >= cutBytes) {
      if (keeping === tail.count) return this.#newChunks(rows);
      return this.#writeAgain(tail, rows, first);
    }
    const count = rows.time.length;
    const room = cutRows - keeping;
    const joining = count <= room ? rows : sliceRows(rows, 0, room);
    const joined = appendToChunk(tail.chunk, keeping, joining);
    const start = keeping === 0 ? first : tail.start;
    const put = this.#put({ start, chunk: joined, count: keeping + joining.time.length, lastTime: lastOf(joining) });
    return count <= room ? [put] : [put, ...this.#newChunks(sliceRows(rows, room, count))];
  }

  /** Rows of the last chunk are written again; those before them stay behind where they leave a chunk that is large enough. */
  #writeAgain(tail: Tail, rows: Rows, first: number): Operation[] {
    const old = decodeChunk(tail.chunk);
    const staying = lowerBound(old.time, first);
    if (staying < this.#limits.joinRows) return this.#mergeInto(tail, rows);
    const left = this.#newChunk(sliceRows(old, 0, staying));
    return [left, ...this.#newChunks(mergeRows(sliceRows(old, staying, old.time.length), rows))];
  }

  #tail(): Tail | undefined {
    if (this.#tails === undefined) return this.#atOrBefore(Number.POSITIVE_INFINITY);
    return this.#tails.get(this.#series, this.#level, () => this.#atOrBefore(Number.POSITIVE_INFINITY));
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
      into = tailOf(start, aligned(value));
    }
    mergeUpTo(time.length);
    return operations;
  }

  #mergeInto({ start, chunk }: Tail, rows: Rows): Operation[] {
    this.#reached = start;
    const merged = mergeRows(decodeChunk(chunk), rows);
    const { splitRows, splitBytes } = this.#limits;
    const whole = merged.time.length <= splitRows && chunkBytes(merged) <= splitBytes;
    const chunks = whole ? [this.#newChunk(merged)] : this.#newChunks(merged);
    const moved = merged.time[0] !== start;
    return moved ? [{ table: this.#chunks, key: this.#key(start), value: undefined }, ...chunks] : chunks;
  }

  #newChunks(rows: Rows): Operation[] {
    const { cutRows, cutBytes } = this.#limits;
    const { time, blobs } = rows;
    const small = blobs === undefined && time.length <= cutRows && chunkBytes(rows) <= cutBytes;
    if (small) return [this.#newChunk(rows)];
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
    const { time } = rows;
    return this.#put({ start: time[0] ?? 0, chunk: encodeChunk(rows), count: time.length, lastTime: lastOf(rows) });
  }

  #put(chunk: Tail): Operation {
    this.#lastPut = chunk;
    this.#reached = Math.max(this.#reached, chunk.start);
    return { table: this.#chunks, key: this.#key(chunk.start), value: chunk.chunk };
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
      return tailOf(readOrdered(key, prefixBytes), aligned(value));
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

function tailOf(start: number, chunk: Uint8Array): Tail {
  return { start, chunk, count: chunkHeader(chunk).count, lastTime: lastTimeOf(chunk) };
}

function carriesSame(chunk: Uint8Array, rows: Rows): boolean {
  const { stride, hasBlobs } = chunkHeader(chunk);
  return stride === rows.stride && hasBlobs === (rows.blobs !== undefined);
}

const lastOf = ({ time }: Rows) => time[time.length - 1] ?? 0;

function between(rows: Rows, from: number, to: number): Rows {
  const low = lowerBound(rows.time, from);
  return sliceRows(rows, low, lowerBound(rows.time, to, low));
}

/** Whoever reads may keep or change what he got; a tail stays as it is. */
function copyOf({ time, stride, words, blobs }: Rows): Rows {
  return { time: time.slice(), stride, words: words.slice(), blobs: blobs?.map((blob) => blob.slice()) };
}

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
