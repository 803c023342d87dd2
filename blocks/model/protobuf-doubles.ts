import type { ChunkBuilder } from "./chunk-builder.ts";
import type { Series } from "./series.ts";

/**
 * The bytes of a message under a view, whose making costs more than the decoding of a short message: those are copied under one
 * that is kept, and read before the next call.
 */
export function viewOf(bytes: Uint8Array): DataView {
  if (bytes.length > keptBytes.length) return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  keptBytes.set(bytes);
  return keptView;
}

const keptBytes = new Uint8Array(65_536);
const keptView = new DataView(keptBytes.buffer);

/**
 * Where the first value begins, where nothing but short fields of names stands before it; else -1.
 *
 * @param length Of the message, in bytes; the view may be longer.
 */
export function endOfNames(view: DataView, length: number): number {
  for (let at = 0; at + shortestValue <= length; ) {
    const tag = view.getUint8(at);
    if (tag === valuesTag) return at;
    const size = view.getUint8(at + 1);
    if ((tag !== metricTag && tag !== tagsetTag && tag !== typeTag) || size >= 0x80) return -1;
    at += 2 + size;
  }
  return -1;
}

/**
 * Decodes the values of a message that looks as most do: of type tdouble, in the documented form, between the years 1978 and
 * 3058, and nothing behind them. Whatever is not so goes the long way, which tells faults too.
 *
 * @param from Where the first value begins.
 * @param length As of `endOfNames`.
 * @returns The number of data points added; -1 where the message does not look like that, and what was added must be rolled back.
 */
export function decodeDoubles(
  view: DataView,
  from: number,
  length: number,
  series: Series,
  into: ChunkBuilder,
  pointsMax: number,
): number {
  const rows = into.numbers;
  let { time, values } = rows;
  const first = rows.length;
  const last = first + pointsMax;
  let row = first;
  for (let at = from; at < length; row += 1) {
    if (at + shortestValue > length || row === last) return -1;
    // Tag and size of the value, tag and size of its time.
    const timeSize = view.getUint8(at + 3);
    const end = at + timeSize + 14;
    if (view.getUint32(at) !== plainValue + timeSize * 0x10001 || end > length) return -1;
    const low = view.getInt32(at + 5, true);
    const high = view.getUint8(at + 9);
    if (view.getUint8(at + 4) !== secondsTag || (low & moreMarks) !== moreMarks || high >= 0x80) return -1;
    if (view.getUint16(end - 10) !== plainPayload) return -1;
    const millisecond = timeSize === 6 ? 0 : millisecondAt(view, at + 10, timeSize - 7);
    const value = view.getFloat64(end - 8);
    if (millisecond < 0 || value - value !== 0) return -1;
    if (row === time.length) {
      rows.length = row;
      ({ time, values } = rows.grow());
    }
    time[row] = (high * 2 ** 28 + sevenths(low)) * 1_000 + millisecond;
    values[row] = value;
    at = end;
  }
  rows.series.fill(series.index, first, row);
  rows.length = row;
  return row - first;
}

/** The ms of the nanos of a time, behind whose tag come `size` bytes; -1 where they are anything else. */
function millisecondAt(view: DataView, at: number, size: number): number {
  if (view.getUint8(at) !== nanosTag || size < 1 || size > 5) return -1;
  const word = view.getInt32(at + 1, true);
  const high = size === 5 ? view.getUint8(at + 5) : 0;
  // The bytes of the varint, and the marks of all but its last one.
  const bits = size >= 4 ? -1 : (1 << (8 * size)) - 1;
  const marks = size === 5 ? moreMarks : moreMarks & (bits >>> 8);
  const nanos = high * 2 ** 28 + sevenths(word & bits);
  return (word & bits & moreMarks) === marks && nanos < 1_000_000_000 ? (nanos / 1_000_000) | 0 : -1;
}

/** The 28 bits of four bytes of a varint, the lowest byte first. */
function sevenths(word: number): number {
  return (word & 0x7f) | ((word >> 1) & 0x3f80) | ((word >> 2) & 0x1f_c000) | ((word >> 3) & 0xfe0_0000);
}

/** Bytes of a value with seconds of five bytes and without nanos. */
const shortestValue = 20;
/** In each byte of a varint that is not its last one. */
const moreMarks = 0x80808080 | 0;

const metricTag = (1 << 3) | 2;
const tagsetTag = (2 << 3) | 2;
const typeTag = (3 << 3) | 2;
const valuesTag = (4 << 3) | 2;
const datetimeTag = (1 << 3) | 2;
const payloadTag = (2 << 3) | 2;
const secondsTag = 1 << 3;
const nanosTag = 2 << 3;
/** A value with a time of no bytes and a payload of 8, but for the size of the time; see `decodeDoubles`. */
const plainValue = (valuesTag << 24) | (12 << 16) | (datetimeTag << 8);
const plainPayload = (payloadTag << 8) | 8;
