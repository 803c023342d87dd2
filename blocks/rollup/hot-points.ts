import type { Column, Points } from "../model/columns.ts";
import { likeColumn, lowerBound, rowsOf } from "./merge-points.ts";

/** So many points of one series are kept at most; a bucket of more is seldom late, and dear to move at every write. */
const ofSeriesMax = 1_024;

/**
 * The newest raw points of those series that get late ones, so that a late point is not read back from the store: all points of
 * a series from some time on.
 *
 * Bounded: a series with more than 1,024 points since that time is not kept, and beyond `pointsMax` points of all series
 * everything is forgotten. Late points are then read back.
 */
export class HotPoints {
  readonly #kept = new Map<number, KeptPoints>();
  readonly #pointsMax: number;
  #points = 0;

  constructor(pointsMax: number) {
    this.#pointsMax = pointsMax;
  }

  has(series: number): boolean {
    return this.#kept.has(series);
  }

  /** All points since `since`, ascending and unique; views that the next `keep` of the series writes again. */
  of(series: number): Points | undefined {
    const kept = this.#kept.get(series);
    return kept && { time: kept.time.subarray(0, kept.length), values: rowsOf(kept.values, 0, kept.length) };
  }

  /** No point of the series from here on is missing; Infinity where none are kept. */
  since(series: number): number {
    return this.#kept.get(series)?.since ?? Number.POSITIVE_INFINITY;
  }

  /** Copies those of `points` that are not before `since`, which must be all that the series has from there on. */
  keep(series: number, { time, values }: Points, since: number): void {
    const from = lowerBound(time, since);
    const length = time.length - from;
    const known = this.#kept.get(series);
    this.#points += length - (known?.length ?? 0);
    if (length > ofSeriesMax || length === 0) {
      this.#points -= length;
      this.#kept.delete(series);
      return;
    }
    let kept = known;
    if (kept === undefined || kept.time.length < length) {
      const room = Math.min(ofSeriesMax, 2 * length);
      kept = { since, length, time: new Float64Array(room), values: likeColumn(values, room) };
      this.#kept.set(series, kept);
    }
    kept.since = since;
    kept.length = length;
    copyRows(time, values, from, kept);
  }

  /** Forgets everything when too much is kept. */
  evict(): void {
    if (this.#points > this.#pointsMax) this.forget();
  }

  forget(): void {
    this.#kept.clear();
    this.#points = 0;
  }
}

interface KeptPoints {
  since: number;
  length: number;
  readonly time: Float64Array;
  readonly values: Column;
}

function copyRows(time: Float64Array, values: Column, from: number, kept: KeptPoints): void {
  for (let row = 0; row < kept.length; row += 1) kept.time[row] = time[from + row] as number;
  if (kept.values instanceof Float64Array) {
    const floats = values as Float64Array;
    for (let row = 0; row < kept.length; row += 1) kept.values[row] = floats[from + row] as number;
  } else for (let row = 0; row < kept.length; row += 1) kept.values[row] = values[from + row];
}
