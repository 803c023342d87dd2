import { type SensorRows, sensorRows } from "../sensor-rows.ts";

/** One measurement, as an object: what a stream of a general library carries. */
export interface Observation {
  readonly series: number;
  readonly time: number;
  readonly value: number;
}

/**
 * The sensors' rows as objects, each made from the columns when it is asked for, as a decoder makes them. Every participant takes
 * them through this one iterable, so that all pay the same for the source. Objects made before the clock starts would not do: few
 * of them, over and over, stay in the cache of the processor, and millions are read from memory by all alike, which hides what
 * is measured.
 */
export class Observations implements Iterable<Observation> {
  readonly #rows: SensorRows;

  constructor(rows: number, seed: number) {
    this.#rows = sensorRows(rows, seed);
  }

  [Symbol.iterator](): Iterator<Observation, undefined> {
    const { length, series, time, values } = this.#rows;
    let row = 0;
    return {
      next() {
        if (row === length) return { done: true, value: undefined };
        const value = {
          series: series[row] as number,
          time: time[row] as number,
          value: values[row] as number,
        };
        row += 1;
        return { done: false, value };
      },
    };
  }
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
