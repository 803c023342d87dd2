import type { ChunkBuilder } from "./chunk-builder.ts";
import type { Series, SeriesTable } from "./series.ts";
import { timestampMax } from "./timestamp.ts";

/** The series of a message, where its names came before in the same bytes, in front of the values, and its type is tdouble. */
export function seriesOfNames(bytes: Uint8Array, table: SeriesTable): Series | undefined {
  return seriesOfBytes(table, bytes, endOfNames(bytes));
}

/**
 * Notes that these bytes, which the long way has checked, are all the names of a message of a series.
 *
 * @param names From the start of the message to its first value.
 */
export function noteNames(names: Uint8Array, series: Series, table: SeriesTable): void {
  if (series.type !== "tdouble" || endOfNames(names) !== names.length) return;
  const known = namesOf(table);
  if (known.size >= namesMax) known.clear();
  known.set(hashOf(names, names.length), { names: Uint8Array.from(names), series });
}

interface KnownNames {
  readonly names: Uint8Array;
  readonly series: Series;
}

/** By the hash of their bytes; of two with one hash the later one is known. */
type KnownByHash = Map<number, KnownNames>;
const knownByTable = new WeakMap<SeriesTable, KnownByHash>();
/** Some 20 MB at most with names of usual length; all are forgotten at once when there are more. */
const namesMax = 65_536;

function namesOf(table: SeriesTable): KnownByHash {
  let known = knownByTable.get(table);
  if (known === undefined) {
    known = new Map();
    knownByTable.set(table, known);
  }
  return known;
}

function seriesOfBytes(table: SeriesTable, bytes: Uint8Array, length: number): Series | undefined {
  const known = namesOf(table).get(hashOf(bytes, length));
  if (known === undefined || known.names.length !== length) return undefined;
  const { names } = known;
  for (let at = 0; at < length; at += 1) if (names[at] !== bytes[at]) return undefined;
  return known.series;
}

/** Where the first value begins, or where the fields are no longer short ones of names. */
export function endOfNames(bytes: Uint8Array): number {
  let at = 0;
  for (;;) {
    const tag = bytes[at];
    const size = bytes[at + 1] ?? 0x80;
    if ((tag !== metricTag && tag !== tagsetTag && tag !== typeTag) || size >= 0x80) return Math.min(at, bytes.length);
    at += 2 + size;
  }
}

/** FNV-1a, to a whole number that needs no object of its own. */
function hashOf(bytes: Uint8Array, length: number): number {
  let hash = 0x811c9dc5 | 0;
  for (let at = 0; at < length; at += 1) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
  return hash >> 2;
}

/**
 * Decodes the values of a message that looks as most do: of type tdouble, in the documented form, after 1970, and nothing behind
 * them. Whatever is not so goes the long way, which tells faults too.
 *
 * @param from Where the first value begins.
 * @returns The number of data points added; -1 where the message does not look like that, and what was added must be rolled back.
 */
export function decodeDoubles(
  bytes: Uint8Array,
  from: number,
  series: Series,
  into: ChunkBuilder,
  pointsMax: number,
): number {
  if (series.type !== "tdouble") return -1;
  const { length } = bytes;
  // Making a view costs more than it saves in a short message.
  const view = length > viewedMin ? new DataView(bytes.buffer, bytes.byteOffset, length) : undefined;
  let points = 0;
  for (let at = from; at < length; points += 1) {
    // Tag and length of the value, tag and length of its time, tag of the seconds.
    const timeSize = bytes[at + 3] as number;
    const timeEnd = at + 4 + timeSize;
    const end = timeEnd + 10;
    const isPlain = bytes[at] === valuesTag && bytes[at + 1] === timeSize + 12 && bytes[at + 2] === datetimeTag;
    if (!isPlain || bytes[at + 4] !== secondsTag || timeSize > 0x70 || end > length || points === pointsMax) return -1;
    at += 5;
    let seconds = 0;
    let scale = 1;
    let byte = 0x80;
    for (let digit = 0; byte >= 0x80; digit += 1, at += 1) {
      if (digit === 6 || at === timeEnd) return -1;
      byte = bytes[at] as number;
      seconds += (byte & 0x7f) * scale;
      scale *= 0x80;
    }
    let nanos = 0;
    if (at < timeEnd) {
      if (bytes[at] !== nanosTag) return -1;
      at += 1;
      byte = 0x80;
      scale = 1;
      for (let digit = 0; byte >= 0x80; digit += 1, at += 1) {
        if (digit === 5 || at === timeEnd) return -1;
        byte = bytes[at] as number;
        nanos += (byte & 0x7f) * scale;
        scale *= 0x80;
      }
    }
    if (at !== timeEnd || bytes[at] !== payloadTag || bytes[at + 1] !== 8 || nanos >= 1_000_000_000) return -1;
    const time = seconds * 1_000 + Math.floor(nanos / 1_000_000);
    const value = view === undefined ? doubleAt(bytes, at + 2) : view.getFloat64(at + 2);
    if (!(time <= timestampMax) || value - value !== 0) return -1;
    into.addNumber(series, time, value);
    at = end;
  }
  return points;
}

/** Bytes of a message that is read through a view. */
const viewedMin = 512;

/** Big-endian. */
function doubleAt(bytes: Uint8Array, at: number): number {
  scratchWords[1 - lowWord] = wordAt(bytes, at);
  scratchWords[lowWord] = wordAt(bytes, at + 4);
  return scratch[0] as number;
}

function wordAt(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at] as number) << 24) | ((bytes[at + 1] as number) << 16);
  return high | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
}

const scratch = new Float64Array(1);
const scratchWords = new Int32Array(scratch.buffer);
/** Which of the two words of a double comes first in memory. */
const lowWord = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? 0 : 1;

const metricTag = (1 << 3) | 2;
const tagsetTag = (2 << 3) | 2;
const typeTag = (3 << 3) | 2;
const valuesTag = (4 << 3) | 2;
const datetimeTag = (1 << 3) | 2;
const payloadTag = (2 << 3) | 2;
const secondsTag = 1 << 3;
const nanosTag = 2 << 3;
