import type { Column } from "../model/columns.ts";
import { likeColumn, lowerBound, type RowSpan } from "./merge-points.ts";

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
  /** By the dense index of the series. */
  #kept: (KeptPoints | undefined)[] = [];
  readonly #pointsMax: number;
  #points = 0;
  #longest = 0;

  constructor(pointsMax: number) {
    this.#pointsMax = pointsMax;
  }

  has(series: number): boolean {
    return this.#of(series) !== undefined;
  }

  /** Whether no series has points here. */
  get empty(): boolean {
    return this.#points === 0;
  }

  /** Points that were kept of one series at most, since everything was forgotten. */
  get longest(): number {
    return this.#longest;
  }

  /** Points that are kept of a series. */
  length(series: number): number {
    return this.#of(series)?.length ?? 0;
  }

  /** Copies the points that are kept of a series to row `to` of `columns`: all since `since`, ascending and unique. */
  copyTo(series: number, columns: Columns, to: number): void {
    const kept = this.#of(series);
    if (kept !== undefined) copyRows(kept, 0, columns, to, kept.length);
  }

  /** No point of the series from here on is missing; Infinity where none are kept. */
  since(series: number): number {
    return this.#of(series)?.since ?? Number.POSITIVE_INFINITY;
  }

  /** Copies those of `rows` that are not before `since`, which must be all that the series has from there on. */
  keep(series: number, rows: RowSpan, since: number): void {
    const from = lowerBound(rows.time, since, rows.from, rows.to);
    const length = rows.to - from;
    const known = this.#of(series);
    this.#points += length - (known?.length ?? 0);
    if (length > ofSeriesMax || length === 0) {
      this.#points -= length;
      if (known !== undefined) this.#kept[series] = undefined;
      return;
    }
    let kept = known;
    if (kept === undefined || kept.time.length < length) {
      const room = Math.min(ofSeriesMax, 2 * length);
      kept = { since, length, time: new Float64Array(room), values: likeColumn(rows.values, room) };
      this.#grow(series + 1);
      this.#kept[series] = kept;
    }
    kept.since = since;
    kept.length = length;
    this.#longest = Math.max(this.#longest, length);
    copyRows(rows, from, kept, 0, length);
  }

  /** Forgets everything when too much is kept. */
  evict(): void {
    if (this.#points > this.#pointsMax) this.forget();
  }

  forget(): void {
    this.#kept = [];
    this.#points = 0;
    this.#longest = 0;
  }

  #of(series: number): KeptPoints | undefined {
    return series < this.#kept.length ? this.#kept[series] : undefined;
  }

  /** Without holes, as those are slow to look into. */
  #grow(length: number): void {
    while (this.#kept.length < length) this.#kept.push(undefined);
  }
}

interface Columns {
  readonly time: Float64Array;
  readonly values: Column;
}

interface KeptPoints extends Columns {
  since: number;
  length: number;
}

/** Copies `length` rows from row `from` of one to row `at` of the other. */
function copyRows(source: Columns, from: number, target: Columns, at: number, length: number): void {
  copyFloats(source.time, from, target.time, at, length);
  const { values } = source;
  if (values instanceof Float64Array) copyFloats(values, from, target.values as Float64Array, at, length);
  else for (let row = 0; row < length; row += 1) target.values[at + row] = values[from + row];
}

function copyFloats(source: Float64Array, from: number, target: Float64Array, at: number, length: number): void {
  // A view takes longer to make than so few rows to copy.
  if (length > 48) target.set(source.subarray(from, from + length), at);
  else for (let row = 0; row < length; row += 1) target[at + row] = source[from + row] as number;
}
