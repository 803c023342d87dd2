import { type Column, newColumn, type Points } from "../model/columns.ts";
import type { Layout } from "../model/data-type.ts";
import type { ObservationChunk } from "../model/observation-chunk.ts";
import { likeColumn, lowerBound, mergePoints, rowsOf } from "./merge-points.ts";

/** The points of one series out of many chunks. */
export interface SeriesPoints {
  readonly series: number;
  readonly points: Points;
}

/**
 * Sorts the rows of chunks of one layout by series, and within a series by time; of equal timestamps the one that came last
 * stands. A counting sort by the dense index: no hash, no comparison of rows that arrive in order.
 *
 * @returns series in ascending order of their index; the points are views of columns that the next call writes again.
 */
export class SeriesGrouper {
  /** Rows of each series in the batch at hand; all zero between calls. */
  #counts = new Uint32Array(1024);
  /** Kept, as fresh memory for every batch costs more than sorting into it. As long as the longest batch. */
  readonly #columns = new Map<Layout, { readonly time: Float64Array; readonly values: Column }>();

  group(chunks: readonly ObservationChunk[], layout: Layout, seriesCount: number): SeriesPoints[] {
    if (this.#counts.length < seriesCount)
      this.#counts = new Uint32Array(Math.max(seriesCount, 2 * this.#counts.length));
    const counts = this.#counts;
    const touched = countRows(chunks, counts);
    touched.sort();
    let rows = 0;
    // From here on `counts` holds where the next row of each series goes.
    for (const series of touched) {
      const count = counts[series] as number;
      counts[series] = rows;
      rows += count;
    }
    const { time, values } = this.#columnsFor(layout, rows);
    for (const chunk of chunks) scatter(chunk, counts, time, values);
    const groups: SeriesPoints[] = [];
    let from = 0;
    for (const series of touched) {
      const to = counts[series] as number;
      counts[series] = 0;
      groups.push({ series, points: inOrder(time.subarray(from, to), rowsOf(values, from, to)) });
      from = to;
    }
    return groups;
  }

  #columnsFor(layout: Layout, rows: number): { readonly time: Float64Array; readonly values: Column } {
    const kept = this.#columns.get(layout);
    if (kept !== undefined && kept.time.length >= rows) return kept;
    const columns = { time: new Float64Array(rows), values: newColumn(layout, rows) };
    this.#columns.set(layout, columns);
    return columns;
  }
}

function countRows(chunks: readonly ObservationChunk[], counts: Uint32Array): Uint32Array {
  const touched: number[] = [];
  for (const { series, length } of chunks) {
    for (let row = 0; row < length; row += 1) {
      const index = series[row] as number;
      const count = counts[index] as number;
      if (count === 0) touched.push(index);
      counts[index] = count + 1;
    }
  }
  return Uint32Array.from(touched);
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

/** So many late rows of a series in one batch are moved to their places; more are sorted. Bounds what moving costs. */
const movedMax = 16;

/** Points in order of arrival made ascending and unique, in place where few are late. Costs one pass where none is. */
function inOrder(time: Float64Array, values: Column): Points {
  let newest = Number.NEGATIVE_INFINITY;
  let late = 0;
  for (let row = 0; row < time.length; row += 1) {
    const at = time[row] as number;
    if (at > newest) newest = at;
    else late += 1;
  }
  if (late === 0) return { time, values };
  return late <= movedMax ? moved(time, values) : sorted(time, values);
}

/** Each late row moves to its place among those before it, or takes the place of the one with its timestamp. */
function moved(time: Float64Array, values: Column): Points {
  let rows = 0;
  for (let row = 0; row < time.length; row += 1) {
    const at = time[row] as number;
    const value = values[row];
    let place = rows;
    if (rows > 0 && at <= (time[rows - 1] as number)) place = lowerBound(time, at, 0, rows);
    if (place === rows || time[place] !== at) {
      if (place < rows) {
        time.copyWithin(place + 1, place, rows);
        values.copyWithin(place + 1, place, rows);
      }
      rows += 1;
    }
    time[place] = at;
    values[place] = value;
  }
  return { time: time.subarray(0, rows), values: rowsOf(values, 0, rows) };
}

/** By time and then arrival; of equal timestamps the last arrival is kept. */
function sorted(time: Float64Array, values: Column): Points {
  const main: number[] = [];
  const late: number[] = [];
  let newest = Number.NEGATIVE_INFINITY;
  for (let row = 0; row < time.length; row += 1) {
    const at = time[row] as number;
    if (at > newest) {
      newest = at;
      main.push(row);
    } else late.push(row);
  }
  // A late row comes after every row of `main` with its timestamp: had it come before, that row would be late itself.
  late.sort((a, b) => (time[a] as number) - (time[b] as number) || a - b);
  const lastOfEach = late.filter((row, place) => time[row] !== time[late[place + 1] as number]);
  return mergePoints(picked(time, values, main), picked(time, values, lastOfEach));
}

function picked(time: Float64Array, values: Column, rows: readonly number[]): Points {
  const pickedValues = likeColumn(values, rows.length);
  const pickedTime = new Float64Array(rows.length);
  rows.forEach((row, place) => {
    pickedTime[place] = time[row] as number;
    pickedValues[place] = values[row];
  });
  return { time: pickedTime, values: pickedValues };
}
