import type { Clock } from "../../runtime/clock/clock.ts";
import type { ErrorCode } from "../../runtime/errors.ts";
import { newColumn } from "./columns.ts";
import type { DataType, Position2d } from "./data-type.ts";
import type { DeadLetter } from "./dead-letter.ts";
import { ObservationChunk } from "./observation-chunk.ts";
import { formatTimestamp, timestampMax, timestampMin } from "./timestamp.ts";
import { base64Of, shown, valueToJson } from "./value.ts";
import { isWellFormed } from "./well-formed.ts";

export interface PartedRows {
  readonly sound: ObservationChunk;
  /** One for each other row. */
  readonly letters: readonly DeadLetter[];
}

/**
 * Parts the rows that can be recorded from those that would spoil a rollup, or that the store could not give back: a number that
 * is not finite, a timestamp that is not a whole millisecond of the years 1 to 9999, a `tbool` that is not 0 or 1, a boxed value that
 * is none of its type. Decoders refuse such rows; a component of a plugin may not. What a custom type asks for beyond JSON is not
 * looked at again, as its check may cost more than the rest of the way of a row.
 *
 * @param clock For the time of the letters; not read where there are none.
 * @returns `chunk` itself where all its rows are sound, as good as always; `letters` stand for the others.
 */
export function soundRows(chunk: ObservationChunk, node: string, clock: Clock): PartedRows {
  const { length } = chunk;
  if (areSound(chunk) && areOfType(chunk)) return all(chunk);
  const faulty: number[] = [];
  for (let row = 0; row < length; row += 1) {
    if (!isTime(chunk.time[row] as number) || ruleBroken(chunk, row) !== undefined) faulty.push(row);
  }
  if (faulty.length === 0) return all(chunk);
  const at = clock.now();
  return { sound: withoutRows(chunk, new Set(faulty)), letters: faulty.map((row) => letterOf(chunk, row, node, at)) };
}

// One pass over the columns, without a call a row: this is paid for every row there is. Bounds are compared with constants, as what
// depends on the rows before is guessed wrong where they come out of order. What is not finite is no 0 when taken from itself, and
// what is not whole leaves a fraction; either spoils its sum, and so does a NaN among the times.

const middle = (timestampMin + timestampMax) / 2;
const half = timestampMax - middle;

function areTimes(time: Float64Array, length: number): boolean {
  let spoilt = 0;
  for (let row = 0; row < length; row += 1) {
    const at = time[row] as number;
    if (Math.abs(at - middle) > half) return false;
    spoilt += at - Math.floor(at);
  }
  return spoilt === 0;
}

/** Whether the numbers of all series of type `tbool` are 0 or 1. */
export function areOfType({ table, series, values, layout, length }: ObservationChunk): boolean {
  if (layout !== "float" || !table.hasBooleans) return true;
  for (let row = 0; row < length; row += 1) {
    const value = values[row];
    if (value !== 0 && value !== 1 && table.at(series[row] as number).type === "tbool") return false;
  }
  return true;
}

/** Whether all rows are sound, but for what their type asks for; of boxed values nothing is known without a look at each. */
function areSound({ time, values, layout, length }: ObservationChunk): boolean {
  if (layout === "boxed") return false;
  return values instanceof Float64Array ? areNumbers(time, values, length) : areTimes(time, length);
}

/** Two rows at a time, as each sum waits for the last. */
function areNumbers(time: Float64Array, values: Float64Array, length: number): boolean {
  let spoilt = 0;
  let others = 0;
  for (let row = 1; row < length; row += 2) {
    const at = time[row - 1] as number;
    const value = values[row - 1] as number;
    const otherAt = time[row] as number;
    const otherValue = values[row] as number;
    if (Math.abs(at - middle) > half || Math.abs(otherAt - middle) > half) return false;
    spoilt += at - Math.floor(at) + (value - value);
    others += otherAt - Math.floor(otherAt) + (otherValue - otherValue);
  }
  if (length % 2 === 1 && !(isTime(time[length - 1] as number) && Number.isFinite(values[length - 1]))) return false;
  return spoilt + others === 0;
}

export const noLetters: readonly DeadLetter[] = [];

function all(chunk: ObservationChunk) {
  return { sound: chunk, letters: noLetters };
}

function isTime(time: number): boolean {
  return Number.isInteger(time) && time >= timestampMin && time <= timestampMax;
}

/** What the value of a row must be and is not. */
function ruleBroken({ table, series, values, layout }: ObservationChunk, row: number): string | undefined {
  const value = values[row];
  if (layout === "long") return undefined;
  const { type } = table.at(series[row] as number);
  if (type === "tbool") return value === 0 || value === 1 ? undefined : "tbool must be 0 or 1";
  if (layout === "float") return Number.isFinite(value) ? undefined : "it must be a finite number";
  return isBoxed(type, value) ? undefined : `${type} must be ${boxedRules[type] ?? "JSON"}`;
}

const boxedRules: Readonly<Record<string, string>> = {
  ttext: "well-formed text",
  tbinary: "bytes",
  pos2d: "a latitude of -90 to 90 and a longitude of -180 to 180",
};

function isBoxed(type: DataType, value: unknown): boolean {
  if (type === "ttext") return typeof value === "string" && isWellFormed(value);
  if (type === "tbinary") return value instanceof Uint8Array;
  if (type === "pos2d") return isPosition(value);
  return ["string", "number", "boolean", "object"].includes(typeof value);
}

function isPosition(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { latitude, longitude } = value as Partial<Record<keyof Position2d, unknown>>;
  if (typeof latitude !== "number" || typeof longitude !== "number") return false;
  return Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180;
}

export function withoutRows(chunk: ObservationChunk, rows: ReadonlySet<number>): ObservationChunk {
  const length = chunk.length - rows.size;
  const series = new Uint32Array(length);
  const time = new Float64Array(length);
  const values = newColumn(chunk.layout, length);
  let kept = 0;
  for (let row = 0; row < chunk.length; row += 1) {
    if (rows.has(row)) continue;
    series[kept] = chunk.series[row] as number;
    time[kept] = chunk.time[row] as number;
    values[kept] = chunk.values[row];
    kept += 1;
  }
  return new ObservationChunk(chunk.table, chunk.layout, length, { series, time, values }, chunk.receipt);
}

function letterOf(chunk: ObservationChunk, row: number, node: string, at: number): DeadLetter {
  const time = chunk.time[row] as number;
  const [code, reason]: [ErrorCode, string] = isTime(time)
    ? ["VALUE_INVALID", `Cannot record a value as ${ruleBroken(chunk, row)}: it is ${shown(chunk.values[row])}`]
    : [
        "TIMESTAMP_INVALID",
        `Cannot record a data point as its time must be a whole ms of the years 1 to 9999: it is ${time}`,
      ];
  return { node, code, reason, where: {}, payload: payloadOf(chunk, row), at };
}

/** A row as a dead letter holds it: a message of its own, which can be sent again where it is sound. */
export function payloadOf(chunk: ObservationChunk, row: number): object {
  const { metric, tagset, type } = chunk.table.at(chunk.series[row] as number);
  const time = chunk.time[row] as number;
  const value = chunk.values[row];
  const stamp = isTime(time) ? formatTimestamp(time) : String(time);
  const json = ruleBroken(chunk, row) === undefined ? valueToJson(type, value) : printable(value);
  return { metric, tagset: Object.fromEntries(tagset), type, values: [[stamp, json]] };
}

/** What a dead letter can hold of anything. */
function printable(value: unknown): unknown {
  if (typeof value === "number") return String(value);
  if (value instanceof Uint8Array) return base64Of(value);
  try {
    return JSON.parse(JSON.stringify(value)) as unknown;
  } catch {
    return shown(value);
  }
}
