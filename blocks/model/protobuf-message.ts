import { Reader } from "protobufjs/minimal.js";
import { EngineError, type ErrorCode } from "../../runtime/errors.ts";
import type { ChunkBuilder } from "./chunk-builder.ts";
import { type DecodeOptions, pointsMaxDefault } from "./json-message.ts";
import { seriesOfMessage } from "./message-series.ts";
import { decodeDoubles, endOfNames, viewOf } from "./protobuf-doubles.ts";
import { decodePayload, type PayloadPlace } from "./protobuf-payload.ts";
import type { Series } from "./series.ts";
import { timestampMax, timestampMin } from "./timestamp.ts";
import { checkerOf, unknownTypeReason } from "./value.ts";

/**
 * Decodes one `MessagePB` (proto3) straight into columns:
 * `{string metric = 1; map<string, string> tagset = 2; string type = 3; repeated Value values = 4}` with
 * `Value {google.protobuf.Timestamp datetime = 1; bytes payload = 2}`. Fields may come in any order; unknown ones are skipped.
 * Nanos are cut to ms; negative ones, which old writers made before 1970, are subtracted.
 *
 * @returns The number of data points added.
 * @throws {EngineError} `MESSAGE_INVALID`, `VALUE_INVALID`, `TIMESTAMP_INVALID`, `SIZE_LIMIT` or `SERIES_LIMIT`, with the byte
 *   offset in its sentence. Nothing was added then.
 */
export function decodeProtobufMessage(bytes: Uint8Array, into: ChunkBuilder, options: DecodeOptions): number {
  const pointsMax = options.pointsMax ?? pointsMaxDefault;
  into.begin();
  const view = viewOf(bytes);
  const names = endOfNames(view, bytes.length);
  const known = names < 0 ? undefined : options.table.knownNames.find(view, names);
  if (known !== undefined) {
    const added = decodeDoubles(view, names, bytes.length, known, into, pointsMax);
    if (added >= 0) return added;
    into.rollback();
  }
  // A plain view, so that reading a piece of a Buffer does not copy it.
  const reader = new Reader(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  try {
    const head = readHead(reader, pointsMax);
    if (checkerOf(head.type, options.table.types) === undefined) {
      throw new EngineError("VALUE_INVALID", unknownTypeReason(head.type));
    }
    const series = seriesOfMessage(options.table, head.metric, head.tagset, head.type);
    if ("code" in series) throw new EngineError(series.code, series.reason);
    // Tried above, or of another type.
    const isOther = known !== undefined || series.type !== "tdouble";
    if (!isOther && names >= 0 && !head.namesBehind) options.table.knownNames.note(view, names, series);
    if (isOther || decodeDoubles(view, head.firstValue, bytes.length, series, into, pointsMax) < 0) {
      into.rollback();
      if (head.points > 0) new ValuesDecoder(reader, series, into, options).run(head.firstValue);
    }
    return head.points;
  } catch (error) {
    into.rollback();
    if (error instanceof EngineError) throw error;
    // The reader throws plain errors for what breaks the wire format.
    const sentence = `Cannot read the Protobuf message as its bytes must follow the wire format: it breaks at byte ${reader.pos}`;
    throw new EngineError("MESSAGE_INVALID", sentence, { cause: error });
  }
}

interface Head {
  metric: string;
  type: string;
  tagset: Record<string, string>;
  points: number;
  /** Offset of the tag of the first value. */
  firstValue: number;
  /** Whether a name stands behind a value. */
  namesBehind: boolean;
}

const metricTag = (1 << 3) | 2;
const tagsetTag = (2 << 3) | 2;
const typeTag = (3 << 3) | 2;
const valuesTag = (4 << 3) | 2;
const datetimeTag = (1 << 3) | 2;
const payloadTag = (2 << 3) | 2;
const secondsTag = 1 << 3;
const nanosTag = 2 << 3;

/** A first pass over the fields: the names can stand behind the values. */
function readHead(reader: Reader, pointsMax: number): Head {
  // Without a prototype, "__proto__" is a key like any other.
  const tagset: Record<string, string> = Object.create(null);
  const head: Head = { metric: "", type: "", tagset, points: 0, firstValue: 0, namesBehind: false };
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const tag = reader.tag();
    if (tag === valuesTag) {
      if (head.points === 0) head.firstValue = start;
      head.points += 1;
      reader.skip(reader.size());
      skipShortValues(reader, head);
      continue;
    }
    head.namesBehind ||= head.points > 0;
    if (tag === metricTag) head.metric = reader.stringVerify();
    else if (tag === typeTag) head.type = reader.stringVerify();
    else if (tag === tagsetTag) readTag(reader, head.tagset);
    else reader.skipType(tag & 7, 0, tag >>> 3);
  }
  if (reader.pos > reader.len) throw overrun(reader.len);
  if (head.points > pointsMax) {
    const rule = `it must have at most ${pointsMax} data points: it has ${head.points}`;
    throw new EngineError("SIZE_LIMIT", `Cannot accept a message as ${rule}`);
  }
  return head;
}

/** Most fields are values, and short. */
function skipShortValues(reader: Reader, head: Head): void {
  const { buf } = reader;
  let at = reader.pos;
  let points = head.points;
  for (; buf[at] === valuesTag; points += 1) {
    const size = buf[at + 1] ?? 0x80;
    if (size >= 0x80) break;
    at += 2 + size;
  }
  reader.pos = at;
  head.points = points;
}

function readTag(reader: Reader, tagset: Record<string, string>): void {
  const end = endOfField(reader);
  let key = "";
  let value = "";
  while (reader.pos < end) {
    const tag = reader.tag();
    if (tag === ((1 << 3) | 2)) key = reader.stringVerify();
    else if (tag === ((2 << 3) | 2)) value = reader.stringVerify();
    else reader.skipType(tag & 7, 0, tag >>> 3);
  }
  if (reader.pos !== end) throw overrun(end);
  tagset[key] = value;
}

/** The second pass: values only. */
class ValuesDecoder {
  readonly #reader: Reader;
  readonly #series: Series;
  readonly #into: ChunkBuilder;
  readonly #options: DecodeOptions;
  readonly #place: PayloadPlace;
  #seconds = 0;
  #nanos = 0;

  constructor(reader: Reader, series: Series, into: ChunkBuilder, options: DecodeOptions) {
    this.#reader = reader;
    this.#series = series;
    this.#into = into;
    this.#options = options;
    const bytes = reader.buf;
    this.#place = { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), start: 0, end: 0 };
  }

  run(from: number): void {
    const reader = this.#reader;
    reader.pos = from;
    while (reader.pos < reader.len) {
      const tag = reader.tag();
      if (tag === valuesTag) this.#value();
      else reader.skipType(tag & 7, 0, tag >>> 3);
    }
  }

  #value(): void {
    const reader = this.#reader;
    const start = reader.pos;
    const end = endOfField(reader);
    const place = this.#place;
    // An absent payload is an empty one.
    place.start = place.end = end;
    let dated = false;
    this.#seconds = 0;
    this.#nanos = 0;
    while (reader.pos < end) {
      const tag = reader.tag();
      if (tag === datetimeTag) {
        this.#datetime();
        dated = true;
      } else if (tag === payloadTag) {
        const size = reader.size();
        place.start = reader.pos;
        place.end = reader.pos + size;
        reader.skip(size);
      } else reader.skipType(tag & 7, 0, tag >>> 3);
    }
    if (reader.pos !== end) throw overrun(end);
    const time = dated ? this.#seconds * 1000 + Math.floor(this.#nanos / 1_000_000) : Number.NaN;
    if (!(time >= timestampMin && time <= timestampMax)) throw badTime(start, dated);
    decodePayload(place, this.#series, time, this.#into, this.#options.table.types);
  }

  #datetime(): void {
    const reader = this.#reader;
    const end = endOfField(reader);
    while (reader.pos < end) {
      const tag = reader.tag();
      if (tag === secondsTag) this.#seconds = signedVarint(reader);
      else if (tag === nanosTag) {
        const at = reader.pos;
        this.#nanos = signedVarint(reader);
        if (!(Math.abs(this.#nanos) < 1_000_000_000)) throw badTime(at, true);
      } else reader.skipType(tag & 7, 0, tag >>> 3);
    }
    if (reader.pos !== end) throw overrun(end);
  }
}

/** Reads a length; where the field of that length ends. */
function endOfField(reader: Reader): number {
  const size = reader.size();
  const end = reader.pos + size;
  if (end > reader.len) throw overrun(reader.len);
  return end;
}

/** An int64 of 1 to 10 bytes; exact within ±2^53, of the right magnitude beyond. */
function signedVarint(reader: Reader): number {
  const { buf, len } = reader;
  let at = reader.pos;
  let low = 0;
  let middle = 0;
  let high = 0;
  for (let index = 0; ; index++) {
    if (at >= len || index === 10) throw overrun(at);
    const byte = buf[at++] ?? 0;
    const bits = byte & 0x7f;
    if (index < 4) low |= bits << (7 * index);
    else if (index < 8) middle |= bits << (7 * (index - 4));
    else high |= bits << (7 * (index - 8));
    if (byte < 0x80) break;
  }
  reader.pos = at;
  // 28, 28 and 8 bits; the highest of the 8 is the sign.
  return (((high << 24) >> 24) * 2 ** 28 + middle) * 2 ** 28 + low;
}

function overrun(at: number): EngineError {
  return fault(
    "MESSAGE_INVALID",
    `Cannot read the Protobuf message as a field must end where it says: it does not at byte ${at}`,
  );
}

function badTime(at: number, dated: boolean): EngineError {
  const found = dated ? "another" : "missing";
  const rule = `the datetime of a value must be in the years 1 to 9999 with nanos below 10^9: it is ${found} at byte ${at}`;
  return fault("TIMESTAMP_INVALID", `Cannot read the Protobuf message as ${rule}`);
}

function fault(code: ErrorCode, sentence: string): EngineError {
  return new EngineError(code, sentence);
}
