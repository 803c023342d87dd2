import assert from "node:assert/strict";
import { virtualClock } from "../runtime/clock/virtual-clock.ts";

/** Series of every workload. */
export const seriesCount = 1_000;

/** Observations as columns, in order of arrival: row `i` is (`series[i]`, `time[i]`, `values[i]`). */
export interface SensorRows {
  readonly length: number;
  /** 0 to `seriesCount - 1`. */
  readonly series: Uint32Array;
  /** Milliseconds since the epoch. */
  readonly time: Float64Array;
  readonly values: Float64Array;
}

/** 2026-01-01, the start of every workload. */
const startMs = 1_767_225_600_000;

/**
 * Sensors that measure once a second each, at a phase of their own, so that the rows of a second come in a random but fixed order
 * of series. Values are random walks, rounded to hundredths as devices do. The same seed gives the same rows.
 */
export function sensorRows(rows: number, seed: number): SensorRows {
  const { random } = virtualClock(0, seed);
  const phases = Array.from({ length: seriesCount }, (_, series) => ({ series, ms: Math.floor(random() * 1_000) }));
  phases.sort((a, b) => a.ms - b.ms || a.series - b.series);
  const levels = Float64Array.from({ length: seriesCount }, () => 20 + 80 * random());
  const columns = newRows(rows);
  for (let row = 0; row < rows; row += 1) {
    const { series, ms } = phases[row % seriesCount] as (typeof phases)[number];
    const level = Math.max(1, (levels[series] as number) + random() - 0.5);
    levels[series] = level;
    columns.series[row] = series;
    columns.time[row] = startMs + Math.floor(row / seriesCount) * 1_000 + ms;
    columns.values[row] = Math.round(level * 100) / 100;
  }
  return columns;
}

/** Longest delay of a row. */
export const delayMaxMs = 60_000;

/**
 * The same rows, of which 5 % arrive 1 to 60 s late, and 1 % a second time, exactly as they were, 1 to 60 s after they were made.
 *
 * @param rows Distinct ones; at most 8 million.
 */
export function lateSensorRows(rows: number, seed: number): SensorRows {
  assert(rows <= 8_000_000, "rows must fit the sort key");
  const distinct = sensorRows(rows, seed);
  const { random } = virtualClock(0, seed + 1);
  const delay = () => 1_000 + Math.floor(random() * (delayMaxMs - 1_000));
  const keys: number[] = [];
  for (let row = 0; row < rows; row += 1) {
    const madeMs = (distinct.time[row] as number) - startMs;
    keys.push((madeMs + (random() < 0.05 ? delay() : 0)) * rowKeys + row);
    if (random() < 0.01) keys.push((madeMs + delay()) * rowKeys + row);
  }
  const order = Float64Array.from(keys).sort();
  return selectedRows(
    distinct,
    Uint32Array.from(order, (key) => key % rowKeys),
  );
}

/** The rows with these indices, in their order. */
export function selectedRows(rows: SensorRows, indices: Uint32Array): SensorRows {
  const selected = newRows(indices.length);
  for (let place = 0; place < indices.length; place += 1) {
    const row = indices[place] as number;
    selected.series[place] = rows.series[row] as number;
    selected.time[place] = rows.time[row] as number;
    selected.values[place] = rows.values[row] as number;
  }
  return selected;
}

/** A key is time of arrival and row in one number, below 2^53 for some 12 days. */
const rowKeys = 2 ** 23;

function newRows(length: number): SensorRows {
  return {
    length,
    series: new Uint32Array(length),
    time: new Float64Array(length),
    values: new Float64Array(length),
  };
}
