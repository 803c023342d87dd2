import type { ErrorCode } from "../../runtime/errors.ts";
import { newColumn } from "../model/columns.ts";
import type { DeadLetter } from "../model/dead-letter.ts";
import { ObservationChunk } from "../model/observation-chunk.ts";
import { formatTimestamp, timestampMax, timestampMin } from "../model/timestamp.ts";
import { shown, valueToJson } from "../model/value.ts";

/**
 * Parts the rows that can be recorded from those that would spoil a rollup: a number that is not finite, a timestamp that is
 * not a whole millisecond of the years 1 to 9999. Decoders refuse such rows; a component of a plugin may not.
 *
 * @returns `chunk` itself where all its rows are sound, as good as always; `letters` stand for the others.
 */
export function soundRows(
  chunk: ObservationChunk,
  node: string,
  at: number,
): { readonly sound: ObservationChunk; readonly letters: readonly DeadLetter[] } {
  const { time, values, length } = chunk;
  const floats = values instanceof Float64Array ? values : undefined;
  if (floats === undefined ? areTimes(time, length) : areSound(time, floats, length)) return all(chunk);
  const faulty: number[] = [];
  for (let row = 0; row < length; row += 1) {
    const isSound = isTime(time[row] as number) && (floats === undefined || Number.isFinite(floats[row]));
    if (!isSound) faulty.push(row);
  }
  return { sound: without(chunk, new Set(faulty)), letters: faulty.map((row) => letterOf(chunk, row, node, at)) };
}

// One pass over the columns, without a call a row: this is paid for every row there is. Bounds are compared with constants, as what
// depends on the rows before is guessed wrong where they come out of order. What is not finite is no 0 when taken from itself, and
// what is not whole leaves a fraction; either spoils its sum, and so does a NaN among the times.

function areTimes(time: Float64Array, length: number): boolean {
  let spoilt = 0;
  for (let row = 0; row < length; row += 1) {
    const at = time[row] as number;
    if (at < timestampMin || at > timestampMax) return false;
    spoilt += at - Math.floor(at);
  }
  return spoilt === 0;
}

function areSound(time: Float64Array, values: Float64Array, length: number): boolean {
  let spoilt = 0;
  for (let row = 0; row < length; row += 1) {
    const at = time[row] as number;
    const value = values[row] as number;
    if (at < timestampMin || at > timestampMax) return false;
    spoilt += at - Math.floor(at) + (value - value);
  }
  return spoilt === 0;
}

const noLetters: readonly DeadLetter[] = [];

function all(chunk: ObservationChunk) {
  return { sound: chunk, letters: noLetters };
}

function isTime(time: number): boolean {
  return Number.isInteger(time) && time >= timestampMin && time <= timestampMax;
}

function without(chunk: ObservationChunk, rows: ReadonlySet<number>): ObservationChunk {
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
  const { metric, tagset, type } = chunk.table.at(chunk.series[row] as number);
  const time = chunk.time[row] as number;
  const value = chunk.values[row];
  const [code, reason]: [ErrorCode, string] = isTime(time)
    ? ["VALUE_INVALID", `Cannot record a value as it must be a finite number: it is ${shown(value)}`]
    : [
        "TIMESTAMP_INVALID",
        `Cannot record a data point as its time must be a whole ms of the years 1 to 9999: it is ${time}`,
      ];
  const stamp = isTime(time) ? formatTimestamp(time) : String(time);
  const json = typeof value === "number" ? String(value) : valueToJson(type, value);
  const payload = { metric, tagset: Object.fromEntries(tagset), type, values: [[stamp, json]] };
  return { node, code, reason, where: {}, payload, at };
}
