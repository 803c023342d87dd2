import { sensorRows } from "../sensor-rows.ts";

/** One measurement, as an object: what a stream of a general library carries. */
export interface Observation {
  readonly series: number;
  readonly time: number;
  readonly value: number;
}

/** Distinct objects at most: they fit the cache of the processor, as those do that a decoder has just made. */
const distinctMax = 20_000;

/** The sensors' rows as objects, over and over, all made before the clock starts. */
export function observationObjects(rows: number, seed: number): Observation[] {
  const { length, series, time, values } = sensorRows(Math.min(rows, distinctMax), seed);
  const distinct = Array.from({ length }, (_, row) => ({
    series: series[row] as number,
    time: time[row] as number,
    value: values[row] as number,
  }));
  return Array.from({ length: rows }, (_, row) => distinct[row % length] as Observation);
}

/** Its first change: to another unit. */
export function scaled({ series, time, value }: Observation): Observation {
  return { series, time, value: value * 1.8 + 32 };
}

/** Three of four. */
export function isKept({ series }: Observation): boolean {
  return series % 4 !== 0;
}

/** Its second change: to seconds. */
export function inSeconds({ series, time, value }: Observation): Observation {
  return { series, time: time / 1_000, value };
}
