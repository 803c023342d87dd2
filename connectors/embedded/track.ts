import assert from "node:assert/strict";
import {
  aligned,
  appendedBytes,
  appendToChunk,
  chunkBytes,
  chunkHeader,
  decodeChunk,
  encodeChunk,
  lastTimeOf,
} from "../../blocks/model/rows/chunk.ts";
import { entriesOf, keysOf, type KeyValues } from "./environment.ts";
import { readOrdered, writeOrdered } from "./ordered-key.ts";
import { concatRows, lowerBound, mergeRows, noRows, type Rows, sliceRows } from "../../blocks/model/rows/rows.ts";
import { NotCommittedYet, Tail, type Tails } from "./tails.ts";
import type { TransactionPlan } from "./transaction-plan.ts";

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
 * It reads what is committed and plans what to commit. `tails` are those of all tracks of the folder; who only reads has none.
 */
export class Track {
  readonly #chunks: KeyValues;
  readonly #series: number;
  readonly #level: number;
  readonly #limits: ChunkLimits;
  readonly #tails: Tails | undefined;
  /** What is stored is what the write at hand goes on from. */
  #stored = true;

  constructor(chunks: KeyValues, series: number, level: number, limits: ChunkLimits, tails?: Tails) {
    this.#chunks = chunks;
    this.#series = series;
    this.#level = level;
    this.#limits = limits;
    this.#tails = tails;
  }

  /** Time of the newest row, `-Infinity` where there is none. */
  newest(): number {
    return (this.#committedTail() ?? this.#findTail()).lastTime;
  }

  /** Rows in `[from, to)`. */
  read(from: number, to: number): Rows {
    if (!(from < to)) return concatRows([]);
    const tail = this.#committedTail();
    if (tail?.count === 0) return noRows;
    if (tail?.chunk !== undefined && from >= tail.start) {
      const rows = between(decodeChunk(tail.chunk), from, to);
      return rows.time.length === 0 ? noRows : copyOf(rows);
    }
    const parts: Rows[] = [];
    const first = this.#startAtOrBefore(from) ?? from;
    for (const { value } of entriesOf(this.#chunks, { start: this.#key(first), end: this.#key(to) })) {
      const rows = between(decodeChunk(aligned(value)), from, to);
      if (rows.time.length > 0) parts.push(rows);
    }
    return concatRows(parts);
  }

  /**
   * Plans that `rows` stand, each in place of a stored one of the same time.
   *
   * @throws {NotCommittedYet}
   */
  write(rows: Rows, plan: TransactionPlan): void {
    if (rows.time.length === 0) return;
    const tails = this.#owned();
    const tail = tails.get(this.#series, this.#level, () => this.#findTail());
    this.#stored = !tails.isPlanned(tail);
    tails.plan(tail);
    const first = rows.time[0] ?? 0;
    if (tail.count > 0 && first < tail.start) this.#mergeLate(tail, rows, plan);
    else this.#writeAtTail(tail, rows, first, plan);
  }

  /** Plans that the rows in `ranges` are gone, and `rows` stand. Nothing else may be on its way. */
  replace(ranges: readonly Range[], rows: Rows, plan: TransactionPlan): void {
    this.#owned().planUnknown(this.#series, this.#level);
    const times = [...ranges.flatMap(({ from, to }) => (from < to ? [from, to] : [])), ...rows.time];
    if (times.length === 0) return;
    const first = this.#startAtOrBefore(min(times)) ?? this.#firstStart();
    let left = rows;
    let into: Stored | undefined;
    const rewrite = (next: number) => {
      const taken = into === undefined ? 0 : lowerBound(left.time, next);
      if (into !== undefined) this.#replaceIn(into, next, ranges, sliceRows(left, 0, taken), plan);
      left = sliceRows(left, taken, left.time.length);
    };
    const range = { start: this.#key(first), end: this.#key(max(times)), inclusiveEnd: true };
    for (const { key, value } of entriesOf(this.#chunks, range)) {
      const start = readOrdered(key, prefixBytes);
      rewrite(start);
      into = { start, rows: decodeChunk(aligned(value)) };
    }
    rewrite(Number.POSITIVE_INFINITY);
    if (left.time.length > 0) this.#putChunks(left, plan);
  }

  /** @param next Start of the chunk behind this one. */
  #replaceIn(old: Stored, next: number, ranges: readonly Range[], rows: Rows, plan: TransactionPlan): void {
    const { start } = old;
    const touched = ranges.filter(({ from, to }) => from < next && to > start);
    if (rows.time.length === 0 && touched.some(({ from, to }) => from <= start && to >= next)) {
      this.#remove(start, plan);
      return;
    }
    const kept = touched.reduce((some, { from, to }) => withoutRange(some, from, to), old.rows);
    if (kept === old.rows && rows.time.length === 0) return;
    const merged = mergeRows(kept, rows);
    if (merged.time[0] !== start) this.#remove(start, plan);
    if (merged.time.length > 0) this.#putChunks(merged, plan);
  }

  #writeAtTail(tail: Tail, rows: Rows, first: number, plan: TransactionPlan): void {
    const { count, lastTime, bytes } = tail;
    if (first < lastTime) {
      this.#writeAgain(tail, rows, first, plan);
      return;
    }
    const { joinRows, joinBytes, cutRows, cutBytes } = this.#limits;
    // The newest bucket is written again each time. It does not take a chunk along that is large enough.
    const keeping = first === lastTime ? count - 1 : count;
    const same = tail.stride === rows.stride && tail.hasBlobs === (rows.blobs !== undefined);
    if (!same || keeping >= joinRows || bytes >= joinBytes || count === 0 || chunkBytes(rows) >= cutBytes) {
      if (keeping === count) this.#putChunks(rows, plan, tail);
      else this.#writeAgain(tail, rows, first, plan);
      return;
    }
    const room = cutRows - keeping;
    const joining = rows.time.length <= room ? rows : sliceRows(rows, 0, room);
    this.#append(tail, keeping, joining, plan);
    if (joining !== rows) this.#putChunks(sliceRows(rows, room, rows.time.length), plan, tail);
  }

  /** Puts rows behind the first `keeping` ones of the last chunk. */
  #append(tail: Tail, keeping: number, rows: Rows, plan: TransactionPlan): void {
    const chunk = this.#chunkOf(tail);
    const bytes = appendedBytes(chunk, tail, keeping, rows);
    const at = plan.reserve(bytes);
    appendToChunk(plan.memory, at, chunk, tail, keeping, rows);
    const start = keeping === 0 ? (rows.time[0] ?? 0) : tail.start;
    const key = tail.key !== undefined && start === tail.start ? tail.key : this.#key(start);
    this.#put(tail, { start, key, count: keeping + rows.time.length, at, bytes }, rows, plan);
  }

  /** Rows of the last chunk are written again; those before them stay behind where they leave a chunk that is large enough. */
  #writeAgain(tail: Tail, rows: Rows, first: number, plan: TransactionPlan): void {
    const old = decodeChunk(this.#chunkOf(tail));
    const staying = lowerBound(old.time, first);
    if (staying < this.#limits.joinRows) {
      this.#mergeInto({ start: tail.start, rows: old }, rows, plan, tail);
      return;
    }
    this.#putChunk(sliceRows(old, 0, staying), plan);
    this.#putChunks(mergeRows(sliceRows(old, staying, old.time.length), rows), plan, tail);
  }

  #mergeLate(tail: Tail, rows: Rows, plan: TransactionPlan): void {
    if (!this.#stored) throw new NotCommittedYet();
    const { time } = rows;
    const first = this.#startAtOrBefore(time[0] ?? 0) ?? this.#firstStart();
    const last = Math.max(first, time[time.length - 1] ?? 0);
    let at = 0;
    let into: Stored | undefined;
    const mergeUpTo = (end: number) => {
      if (into !== undefined && end > at) {
        this.#mergeInto(into, sliceRows(rows, at, end), plan, into.start === tail.start ? tail : undefined);
      }
      at = end;
    };
    const range = { start: this.#key(first), end: this.#key(last), inclusiveEnd: true };
    for (const { key, value } of entriesOf(this.#chunks, range)) {
      const start = readOrdered(key, prefixBytes);
      // Rows before the very first chunk fall into it.
      if (into !== undefined) mergeUpTo(lowerBound(time, start, at));
      into = { start, rows: decodeChunk(aligned(value)) };
    }
    mergeUpTo(time.length);
  }

  #mergeInto({ start, rows: old }: Stored, rows: Rows, plan: TransactionPlan, tail?: Tail): void {
    const merged = mergeRows(old, rows);
    const { splitRows, splitBytes } = this.#limits;
    if (merged.time[0] !== start) this.#remove(start, plan);
    if (merged.time.length <= splitRows && chunkBytes(merged) <= splitBytes) this.#putChunk(merged, plan, tail);
    else this.#putChunks(merged, plan, tail);
  }

  /** @param tail Where they are the last ones: the last of them is the tail then. */
  #putChunks(rows: Rows, plan: TransactionPlan, tail?: Tail): void {
    const { cutRows, cutBytes } = this.#limits;
    const { time, stride, blobs } = rows;
    let from = 0;
    if (blobs !== undefined || time.length > cutRows || chunkBytes(rows) > cutBytes) {
      let bytes = 0;
      for (let row = 0; row < time.length; row++) {
        const size = 8 + 8 * stride + (blobs?.[row]?.byteLength ?? 0);
        if (row > from && (row - from >= cutRows || bytes + size > cutBytes)) {
          this.#putChunk(sliceRows(rows, from, row), plan);
          from = row;
          bytes = 0;
        }
        bytes += size;
      }
    }
    this.#putChunk(sliceRows(rows, from, time.length), plan, tail);
  }

  #putChunk(rows: Rows, plan: TransactionPlan, tail?: Tail): void {
    const bytes = chunkBytes(rows);
    const at = plan.reserve(bytes);
    encodeChunk(plan.memory, at, rows);
    const start = rows.time[0] ?? 0;
    this.#put(tail, { start, key: this.#key(start), count: rows.time.length, at, bytes }, rows, plan);
  }

  /** @param rows The last rows of it. */
  #put(
    tail: Tail | undefined,
    { start, key, count, at, bytes }: { start: number; key: Buffer; count: number; at: number; bytes: number },
    { time, stride, blobs }: Rows,
    plan: TransactionPlan,
  ): void {
    const value = plan.put(this.#chunks, key, at, bytes);
    if (tail === undefined) return;
    tail.start = start;
    tail.key = key;
    tail.count = count;
    tail.lastTime = time[time.length - 1] ?? 0;
    tail.stride = stride;
    tail.hasBlobs = blobs !== undefined;
    this.#tails?.hold(tail, value, this.#mayGrow(count, bytes));
  }

  #mayGrow(count: number, bytes: number): boolean {
    const { joinRows, joinBytes } = this.#limits;
    return count <= joinRows && bytes <= joinBytes;
  }

  #remove(start: number, plan: TransactionPlan): void {
    plan.add({ table: this.#chunks, key: this.#key(start), value: undefined });
  }

  #owned(): Tails {
    assert(this.#tails !== undefined, "who only reads must not write");
    return this.#tails;
  }

  #committedTail(): Tail | undefined {
    return this.#tails?.committed(this.#series, this.#level, () => this.#findTail());
  }

  #findTail(): Tail {
    const tail = this.#tails?.blank() ?? new Tail();
    const range = { start: this.#key(Number.POSITIVE_INFINITY), end: this.#prefix(), reverse: true, limit: 1 };
    for (const { key, value } of entriesOf(this.#chunks, range)) {
      const chunk = aligned(value);
      Object.assign(tail, chunkHeader(chunk));
      tail.start = readOrdered(key, prefixBytes);
      tail.lastTime = lastTimeOf(chunk);
      tail.hold(chunk, this.#mayGrow(tail.count, chunk.byteLength));
    }
    return tail;
  }

  /** The last chunk as it will be. */
  #chunkOf(tail: Tail): Uint8Array {
    if (tail.chunk !== undefined) return tail.chunk;
    if (!this.#stored) throw new NotCommittedYet();
    const chunk = this.#chunks.get(this.#key(tail.start));
    assert(chunk !== undefined, "the last chunk of a track must be there");
    return aligned(chunk);
  }

  #firstStart(): number {
    for (const key of keysOf(this.#chunks, { start: this.#key(Number.NEGATIVE_INFINITY), limit: 1 })) {
      return readOrdered(key, prefixBytes);
    }
    return Number.POSITIVE_INFINITY;
  }

  #startAtOrBefore(time: number): number | undefined {
    for (const key of keysOf(this.#chunks, { start: this.#key(time), end: this.#prefix(), reverse: true, limit: 1 })) {
      return readOrdered(key, prefixBytes);
    }
    return undefined;
  }

  #key(start: number): Buffer {
    const key = Buffer.allocUnsafe(prefixBytes + 8);
    key.writeUInt32BE(this.#series, 0);
    key.writeUInt16BE(this.#level, 4);
    writeOrdered(key, prefixBytes, start);
    return key;
  }

  #prefix(): Buffer {
    return this.#key(0).subarray(0, prefixBytes);
  }
}

const prefixBytes = 6;

/** A chunk as it is stored. */
interface Stored {
  readonly start: number;
  readonly rows: Rows;
}

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
