import { type Column, newColumn, type Points } from "../model/columns.ts";
import type { Layout } from "../model/data-type.ts";
import type { ObservationChunk } from "../model/observation-chunk.ts";
import { likeColumn, lowerBound, rowsOf } from "./merge-points.ts";
import { RowOrder } from "./row-order.ts";

/** The points of one series out of many chunks. */
export interface SeriesPoints {
  readonly series: number;
  /** Ascending and unique: all from the oldest row of the chunks on. */
  readonly points: Points;
  /** The same behind those that were known before. */
  readonly all: Points;
  /** Whether rows of the chunks came out of order, or not behind the known ones. */
  readonly late: boolean;
}

/** Points of a series that came before the chunks, ascending and unique, which late rows of the chunks may fall among. */
export type KnownPoints = (series: number) => Points | undefined;

/**
 * Sorts the rows of chunks of one layout by series, and within a series by time; of equal timestamps the one that came last
 * stands. A counting sort by the dense index: no hash, no comparison of rows that arrive in order.
 *
 * @returns series in ascending order of their index; the points are views of columns that the next call writes again.
 */
export class SeriesGrouper {
  /** Rows of each series in the batch at hand; all zero between calls. */
  #counts = new Uint32Array(1024);
  #touched = new Uint32Array(1024);
  /** Kept, as fresh memory for every batch costs more than sorting into it. As long as the longest batch. */
  readonly #columns = new Map<Layout, GroupColumns>();
  readonly #order = new RowOrder();

  group(
    chunks: readonly ObservationChunk[],
    layout: Layout,
    seriesCount: number,
    known: KnownPoints = () => undefined,
  ): SeriesPoints[] {
    if (this.#counts.length < seriesCount) {
      this.#counts = new Uint32Array(Math.max(seriesCount, 2 * this.#counts.length));
      this.#touched = new Uint32Array(this.#counts.length);
    }
    const counts = this.#counts;
    let touchedCount = 0;
    for (const chunk of chunks) touchedCount = countRows(chunk, counts, this.#touched, touchedCount);
    const touched = this.#touched.subarray(0, touchedCount).sort();
    const before = Array.from(touched, known);
    let rows = 0;
    // From here on `counts` holds where the next row of each series goes.
    touched.forEach((series, place) => {
      const start = rows + (before[place]?.time.length ?? 0);
      rows = start + (counts[series] as number);
      counts[series] = start;
    });
    const columns = this.#columnsFor(layout, rows);
    for (const chunk of chunks) scatter(chunk, counts, columns.time, columns.values);
    const groups: SeriesPoints[] = [];
    let from = 0;
    touched.forEach((series, place) => {
      const to = counts[series] as number;
      counts[series] = 0;
      groups.push(this.#ordered(series, columns, from, to, before[place]));
      from = to;
    });
    return groups;
  }

  #ordered(series: number, columns: GroupColumns, from: number, to: number, before: Points | undefined): SeriesPoints {
    const knownRows = before?.time.length ?? 0;
    const time = columns.time.subarray(from, to);
    if (before !== undefined) copyRows(before, columns, from);
    const standing = this.#order.sort(time, knownRows);
    if (standing >= 0) {
      let oldest = Number.POSITIVE_INFINITY;
      for (let row = knownRows; row < time.length; row += 1) oldest = Math.min(oldest, time[row] as number);
      arrange(columns, from, this.#order.rows, standing);
      const all = { time: time.subarray(0, standing), values: rowsOf(columns.values, from, from + standing) };
      return { series, points: pointsFrom(all, lowerBound(all.time, oldest)), all, late: true };
    }
    const all = { time, values: rowsOf(columns.values, from, to) };
    return { series, points: pointsFrom(all, knownRows), all, late: false };
  }

  #columnsFor(layout: Layout, rows: number): GroupColumns {
    const kept = this.#columns.get(layout);
    if (kept !== undefined && kept.time.length >= rows) return kept;
    const columns = {
      time: new Float64Array(rows),
      values: newColumn(layout, rows),
      spareTime: new Float64Array(0),
      spareValues: newColumn(layout, 0),
    };
    this.#columns.set(layout, columns);
    return columns;
  }
}

function pointsFrom(all: Points, from: number): Points {
  if (from === 0) return all;
  return { time: all.time.subarray(from), values: rowsOf(all.values, from, all.time.length) };
}

interface GroupColumns {
  readonly time: Float64Array;
  readonly values: Column;
  /** Room for one series that is put in order. */
  spareTime: Float64Array;
  spareValues: Column;
}

/** @param touched Gets the series whose count was 0, behind the first `count` ones. @returns how many there are then. */
function countRows(chunk: ObservationChunk, counts: Uint32Array, touched: Uint32Array, count: number): number {
  const { series, length } = chunk;
  let touchedCount = count;
  for (let row = 0; row < length; row += 1) {
    const index = series[row] as number;
    const rows = counts[index] as number;
    if (rows === 0) {
      touched[touchedCount] = index;
      touchedCount += 1;
    }
    counts[index] = rows + 1;
  }
  return touchedCount;
}

function scatter(chunk: ObservationChunk, next: Uint32Array, time: Float64Array, values: Column): void {
  const { series, length } = chunk;
  const chunkTime = chunk.time;
  if (values instanceof Float64Array) {
    const chunkValues = chunk.values as Float64Array;
    for (let row = 0; row < length; row += 1) {
      const index = series[row] as number;
      const at = next[index] as number;
      next[index] = at + 1;
      time[at] = chunkTime[row] as number;
      values[at] = chunkValues[row] as number;
    }
    return;
  }
  for (let row = 0; row < length; row += 1) {
    const index = series[row] as number;
    const at = next[index] as number;
    next[index] = at + 1;
    time[at] = chunkTime[row] as number;
    values[at] = chunk.values[row];
  }
}

/** Puts known points in front of the rows of their series. */
function copyRows(points: Points, { time, values }: GroupColumns, at: number): void {
  time.set(points.time, at);
  if (values instanceof Float64Array) values.set(points.values as Float64Array, at);
  else for (let row = 0; row < points.time.length; row += 1) values[at + row] = points.values[row];
}

/** Brings the rows of one series, from `from` on, into the order that `rows` (counted from `from`) says. */
function arrange(columns: GroupColumns, from: number, rows: Uint32Array, count: number): void {
  if (columns.spareTime.length < count) {
    columns.spareTime = new Float64Array(2 * count);
    columns.spareValues = likeColumn(columns.values, 2 * count);
  }
  const { time, values, spareTime, spareValues } = columns;
  if (values instanceof Float64Array) {
    const spareFloats = spareValues as Float64Array;
    for (let place = 0; place < count; place += 1) {
      const row = from + (rows[place] as number);
      spareTime[place] = time[row] as number;
      spareFloats[place] = values[row] as number;
    }
    for (let place = 0; place < count; place += 1) {
      time[from + place] = spareTime[place] as number;
      values[from + place] = spareFloats[place] as number;
    }
    return;
  }
  for (let place = 0; place < count; place += 1) {
    spareTime[place] = time[from + (rows[place] as number)] as number;
    spareValues[place] = values[from + (rows[place] as number)];
  }
  for (let place = 0; place < count; place += 1) {
    time[from + place] = spareTime[place] as number;
    values[from + place] = spareValues[place];
  }
}
