import { EngineError } from "../../runtime/errors.ts";
import type { ChunkBuilder } from "./chunk-builder.ts";
import type { Series } from "./series.ts";
import type { CustomTypes } from "./type-definition.ts";
import { checkValue, ValueFault } from "./value.ts";

/** Where a payload lies; one object, moved from value to value. */
export interface PayloadPlace {
  readonly bytes: Uint8Array;
  /** Of the same bytes. */
  readonly view: DataView;
  start: number;
  /** Exclusive. */
  end: number;
}

/**
 * Adds the data point of one payload. By type: tdouble 8 bytes, IEEE 754, big-endian; tlong 1 to 8 bytes of two's complement,
 * big-endian; tbool one byte, 0 or else, or the text `true` or `false`; tbinary the bytes; all others JSON in UTF-8.
 *
 * @throws {EngineError} `VALUE_INVALID` with the byte offset.
 */
export function decodePayload(
  place: PayloadPlace,
  series: Series,
  time: number,
  into: ChunkBuilder,
  customTypes: CustomTypes,
): void {
  const type: string = series.type;
  switch (type) {
    case "tdouble":
      into.addNumber(series, time, doubleOf(place));
      return;
    case "tlong":
      addLong(place, series, time, into);
      return;
    case "tbool":
      into.addNumber(series, time, boolOf(place));
      return;
    case "tbinary":
      into.add(series, time, place.bytes.slice(place.start, place.end));
      return;
    default:
      into.add(series, time, jsonOf(place, type, customTypes));
  }
}

function doubleOf(place: PayloadPlace): number {
  if (place.end - place.start !== 8) throw badLength(place, "tdouble must have 8 bytes");
  const double = place.view.getFloat64(place.start);
  if (!Number.isFinite(double)) throw invalid(place, `tdouble must be a finite number: it is ${double}`);
  return double;
}

function addLong(place: PayloadPlace, series: Series, time: number, into: ChunkBuilder): void {
  const { view, bytes, start, end } = place;
  const length = end - start;
  if (length === 8) {
    into.addHalves(series, time, view.getInt32(start), view.getInt32(start + 4));
    return;
  }
  if (length < 1 || length > 8) throw badLength(place, "tlong must have 1 to 8 bytes");
  let high = view.getInt8(start) < 0 ? -1 : 0;
  let low = high;
  for (let at = start; at < end; at++) {
    high = (high << 8) | (low >>> 24);
    low = (low << 8) | (bytes[at] ?? 0);
  }
  into.addHalves(series, time, high, low);
}

function boolOf(place: PayloadPlace): number {
  if (place.end - place.start === 1) return place.bytes[place.start] === 0 ? 0 : 1;
  const text = latin1.decode(place.bytes.subarray(place.start, place.start + Math.min(5, place.end - place.start)));
  if (place.end - place.start <= 5 && (text === "true" || text === "false")) return text === "true" ? 1 : 0;
  throw badLength(place, 'tbool must have 1 byte, or the text "true" or "false"');
}

function jsonOf(place: PayloadPlace, type: string, customTypes: CustomTypes): unknown {
  let json: unknown;
  try {
    json = JSON.parse(utf8.decode(place.bytes.subarray(place.start, place.end)));
  } catch (cause) {
    throw invalid(place, `${type} must be JSON in UTF-8: it is not`, cause);
  }
  const value = checkValue(type, json, customTypes);
  if (value instanceof ValueFault) throw new EngineError("VALUE_INVALID", `${value.reason} at byte ${place.start}`);
  return value;
}

const latin1 = new TextDecoder("latin1");
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function badLength(place: PayloadPlace, rule: string): EngineError {
  return invalid(place, `${rule}: it has ${place.end - place.start}`);
}

function invalid(place: PayloadPlace, rule: string, cause?: unknown): EngineError {
  const sentence = `Cannot accept the value at byte ${place.start} as ${rule}`;
  return new EngineError("VALUE_INVALID", sentence, cause === undefined ? {} : { cause });
}
