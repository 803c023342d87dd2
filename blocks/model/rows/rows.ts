import type { Column, Points } from "../columns.ts";
import { type DataType, type Layout, layoutOf } from "../data-type.ts";
import type { StateRows } from "../store.ts";
import { decodeBoxed, encodeBoxed } from "./boxed-value.ts";

/**
 * Rows of one track as they are stored, whatever they mean: a time, `stride` cells of 8 bytes, and, where `blobs` is there, some
 * bytes of any length. The cells are pairs of 32-bit words, so that every bit pattern survives being moved.
 */
export interface Rows {
  /** Ascending and unique. */
  readonly time: Float64Array;
  readonly stride: number;
  /** `2 * stride` words a row. */
  readonly words: Uint32Array;
  /** The same memory, where the cells are floats that come from outside. */
  readonly floats?: Float64Array;
  readonly blobs: readonly Uint8Array[] | undefined;
}

export function rowsOfPoints(points: Points): Rows {
  const { time, values } = points;
  if (Array.isArray(values)) return { time, stride: 0, words: new Uint32Array(0), blobs: values.map(encodeBoxed) };
  return values instanceof Float64Array
    ? new FloatRows(time, 1, values, undefined)
    : { time, stride: 1, words: wordsOf(values), blobs: undefined };
}

export function pointsOfRows(type: DataType, rows: Rows): Points {
  return { time: rows.time, values: columnOf(layoutOf(type), rows) };
}

export function rowsOfStates(states: StateRows): Rows {
  const { start, floats, bytes } = states;
  const stride = floats === undefined || start.length === 0 ? 0 : floats.length / start.length;
  return new FloatRows(start, stride, floats ?? noFloats, bytes);
}

/** Rows that are seldom asked for words, as they are encoded as they are. */
class FloatRows implements Rows {
  readonly time: Float64Array;
  readonly stride: number;
  readonly floats: Float64Array;
  readonly blobs: readonly Uint8Array[] | undefined;

  constructor(time: Float64Array, stride: number, floats: Float64Array, blobs: readonly Uint8Array[] | undefined) {
    this.time = time;
    this.stride = stride;
    this.floats = floats;
    this.blobs = blobs;
  }

  get words(): Uint32Array {
    return wordsOf(this.floats);
  }
}

export function statesOfRows(rows: Rows): StateRows {
  return {
    start: rows.time,
    ...(rows.stride === 0 ? {} : { floats: float64Of(rows.words) }),
    ...(rows.blobs === undefined ? {} : { bytes: rows.blobs }),
  };
}

export const noRows: Rows = { time: new Float64Array(0), stride: 0, words: new Uint32Array(0), blobs: undefined };

/** Rows `from` to `to`, without copying. */
export function sliceRows(rows: Rows, from: number, to: number): Rows {
  if (from === 0 && to === rows.time.length) return rows;
  const cell = 2 * rows.stride;
  return {
    time: rows.time.subarray(from, to),
    stride: rows.stride,
    words: rows.words.subarray(from * cell, to * cell),
    blobs: rows.blobs?.slice(from, to),
  };
}

/** Both, ascending; where a time is in both, `newer` stands. */
export function mergeRows(older: Rows, newer: Rows): Rows {
  const parts: Rows[] = [];
  let at = 0;
  let next = 0;
  while (next < newer.time.length) {
    const time = newer.time[next] ?? 0;
    const reached = lowerBound(older.time, time, at);
    if (reached > at) parts.push(sliceRows(older, at, reached));
    at = reached;
    // Newer rows up to the next older one stay together: late data comes in runs.
    const barrier = older.time[at] ?? Number.POSITIVE_INFINITY;
    const end = barrier === time ? next + 1 : lowerBound(newer.time, barrier, next);
    if (barrier === time) at += 1;
    parts.push(sliceRows(newer, next, end));
    next = end;
  }
  if (at < older.time.length) parts.push(sliceRows(older, at, older.time.length));
  return concatRows(parts);
}

/**
 * One after the other. Where the parts differ in what they carry, a cell that is absent is NaN and a blob that is absent is
 * empty.
 */
export function concatRows(parts: readonly Rows[]): Rows {
  const only = parts[0];
  if (only === undefined) return noRows;
  if (parts.length === 1) return only;
  const count = parts.reduce((sum, part) => sum + part.time.length, 0);
  const stride = parts.reduce((widest, part) => Math.max(widest, part.stride), 0);
  const hasBlobs = parts.some((part) => part.blobs !== undefined);
  const time = new Float64Array(count);
  const words = new Uint32Array(count * 2 * stride);
  const blobs: Uint8Array[] = [];
  let at = 0;
  for (const part of parts) {
    time.set(part.time, at);
    if (part.stride === stride) words.set(part.words, at * 2 * stride);
    else widen(part, stride, words, at);
    if (hasBlobs) for (let i = 0; i < part.time.length; i++) blobs.push(part.blobs?.[i] ?? noBytes);
    at += part.time.length;
  }
  return { time, stride, words, blobs: hasBlobs ? blobs : undefined };
}

/** The first index from `from` on whose time is not below `time`. */
export function lowerBound(times: Float64Array, time: number, from = 0): number {
  let low = from;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] ?? Number.POSITIVE_INFINITY) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

const noBytes = new Uint8Array(0);
const noFloats = new Float64Array(0);
const nanWords = new Uint32Array(new Float64Array([Number.NaN]).buffer);

function widen(part: Rows, stride: number, words: Uint32Array, at: number): void {
  for (let row = 0; row < part.time.length; row++) {
    const target = (at + row) * 2 * stride;
    const cell = 2 * part.stride;
    words.set(part.words.subarray(row * cell, (row + 1) * cell), target);
    for (let i = cell; i < 2 * stride; i += 2) words.set(nanWords, target + i);
  }
}

/** The same memory as words. */
export function wordsOf(values: Float64Array | BigInt64Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
}

/** The values of rows that are points of this layout. */
export function columnOf(layout: Layout, rows: Rows): Column {
  if (layout === "boxed") return (rows.blobs ?? []).map(decodeBoxed);
  return layout === "float" ? float64Of(rows.words) : int64Of(rows.words);
}

const float64Of = (words: Uint32Array) => new Float64Array(words.buffer, words.byteOffset, words.length / 2);
const int64Of = (words: Uint32Array) => new BigInt64Array(words.buffer, words.byteOffset, words.length / 2);
