import { type Column, newColumn, type Points } from "../model/columns.ts";
import type { Layout } from "../model/data-type.ts";
import type { ObservationChunk } from "../model/observation-chunk.ts";
import type { HotPoints } from "./hot-points.ts";
import { likeColumn, lowerBound, pointsOf, type RowSpan } from "./merge-points.ts";
import { RowOrder } from "./row-order.ts";

/**
 * The rows of many chunks of one layout, by series and within a series ascending and unique in time. Groups have places from 0,
 * in ascending order of the index of their series.
 *
 * Columns, and no object a group: where many series get a few rows each, objects cost more than the rows.
 */
export class GroupedRows {
  readonly layout: Layout;
  /** Groups. */
  length = 0;
  /** Index of the series, by place; longer than `length`. */
  series = new Uint32Array(0);
  time = new Float64Array(0);
  values: Column;
  /** The first row of a group, of those that were known before. */
  start = new Uint32Array(0);
  /** The oldest row of the chunks: known ones before it are not new, those behind it may be. */
  from = new Uint32Array(0);
  /** Behind the last row. */
  to = new Uint32Array(0);
  /** 1 where rows of the chunks came out of order, or not behind the known ones. */
  late = new Uint8Array(0);

  constructor(layout: Layout) {
    this.layout = layout;
    this.values = newColumn(layout, 0);
  }

  /** All from the oldest row of the chunks on. */
  added(place: number): RowSpan {
    return { time: this.time, values: this.values, from: this.from[place] as number, to: this.to[place] as number };
  }

  /** The same behind those that were known before. */
  all(place: number): RowSpan {
    return { time: this.time, values: this.values, from: this.start[place] as number, to: this.to[place] as number };
  }

  /** Timestamp of the oldest row of the chunks. */
  oldest(place: number): number {
    return this.time[this.from[place] as number] as number;
  }

  newest(place: number): number {
    return this.time[(this.to[place] as number) - 1] as number;
  }

  /** What `added` says, as views. */
  points(place: number): Points {
    return pointsOf(this.added(place));
  }

  /** Makes room for groups; what is in it afterwards has no meaning. */
  reset(groups: number): void {
    this.length = groups;
    if (this.series.length >= groups) return;
    const room = Math.max(groups, 2 * this.series.length);
    this.series = new Uint32Array(room);
    this.start = new Uint32Array(room);
    this.from = new Uint32Array(room);
    this.to = new Uint32Array(room);
    this.late = new Uint8Array(room);
  }

  makeRoom(rows: number): void {
    if (this.time.length >= rows) return;
    this.time = new Float64Array(rows);
    this.values = newColumn(this.layout, rows);
  }
}

/**
 * Sorts the rows of chunks of one layout by series, and within a series by time; of equal timestamps the one that came last
 * stands. A counting sort by the dense index: no hash, no comparison of rows that arrive in order.
 */
export class SeriesGrouper {
  /** Rows of each series in the batch at hand; all zero between calls. */
  #counts = new Uint32Array(1024);
  #touched = new Uint32Array(1024);
  /** Kept, as fresh memory for every batch costs more than sorting into it. As long as the longest batch. */
  readonly #groups = new Map<Layout, GroupedRows>();
  readonly #order = new RowOrder();
  /** Room for one series that is put in order. */
  #spareTime = new Float64Array(0);
  #spareValues: Column = [];

  /**
   * @param known Points of the series that came before the chunks, which late rows of the chunks may fall among.
   * @returns what the next call of this layout writes again.
   */
  group(chunks: readonly ObservationChunk[], layout: Layout, seriesCount: number, known?: HotPoints): GroupedRows {
    if (this.#counts.length < seriesCount) {
      this.#counts = new Uint32Array(Math.max(seriesCount, 2 * this.#counts.length));
      this.#touched = new Uint32Array(this.#counts.length);
    }
    const counts = this.#counts;
    let touchedCount = 0;
    for (const chunk of chunks) touchedCount = countRows(chunk, counts, this.#touched, touchedCount);
    const groups = this.#groupsOf(layout);
    groups.reset(touchedCount);
    groups.series.set(this.#touched.subarray(0, touchedCount).sort());
    this.#place(groups, known);
    for (const chunk of chunks) scatter(chunk, counts, groups.time, groups.values);
    for (let place = 0; place < touchedCount; place += 1) {
      counts[groups.series[place] as number] = 0;
      this.#putInOrder(groups, place);
    }
    return groups;
  }

  #groupsOf(layout: Layout): GroupedRows {
    const kept = this.#groups.get(layout);
    if (kept !== undefined) return kept;
    const groups = new GroupedRows(layout);
    this.#groups.set(layout, groups);
    return groups;
  }

  /** Makes room for each group, behind its known points; from here on `#counts` holds where its next row goes. */
  #place(groups: GroupedRows, known: HotPoints | undefined): void {
    const counts = this.#counts;
    let rows = 0;
    for (let place = 0; place < groups.length; place += 1) {
      const series = groups.series[place] as number;
      groups.start[place] = rows;
      const from = rows + (known?.length(series) ?? 0);
      groups.from[place] = from;
      rows = from + (counts[series] as number);
      groups.to[place] = rows;
      counts[series] = from;
    }
    groups.makeRoom(rows);
    if (known === undefined || known.empty) return;
    for (let place = 0; place < groups.length; place += 1) {
      known.copyTo(groups.series[place] as number, groups, groups.start[place] as number);
    }
  }

  #putInOrder(groups: GroupedRows, place: number): void {
    const from = groups.start[place] as number;
    const standing = this.#order.sort(groups.time, from, groups.to[place] as number, groups.from[place]);
    groups.late[place] = standing < 0 ? 0 : 1;
    if (standing < 0) return;
    this.#arrange(groups, from, standing);
    const to = from + standing;
    groups.to[place] = to;
    groups.from[place] = lowerBound(groups.time, this.#order.oldest, from, to);
  }

  /** Brings the rows of one series, from `from` on, into the order that was found. */
  #arrange(groups: GroupedRows, from: number, count: number): void {
    if (this.#spareTime.length < count) this.#spareTime = new Float64Array(2 * count);
    if (this.#spareValues.length < count || !isLike(this.#spareValues, groups.values)) {
      this.#spareValues = likeColumn(groups.values, this.#spareTime.length);
    }
    const { rows } = this.#order;
    arrange(groups.time, from, rows, count, this.#spareTime);
    if (groups.values instanceof Float64Array) {
      arrange(groups.values, from, rows, count, this.#spareValues as Float64Array);
    } else arrangeAny(groups.values, from, rows, count, this.#spareValues);
  }
}

function isLike(column: Column, other: Column): boolean {
  return column.constructor === other.constructor;
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

function arrange(column: Float64Array, from: number, rows: Uint32Array, count: number, spare: Float64Array): void {
  for (let place = 0; place < count; place += 1) spare[place] = column[from + (rows[place] as number)] as number;
  for (let place = 0; place < count; place += 1) column[from + place] = spare[place] as number;
}

function arrangeAny(column: Column, from: number, rows: Uint32Array, count: number, spare: Column): void {
  for (let place = 0; place < count; place += 1) spare[place] = column[from + (rows[place] as number)];
  for (let place = 0; place < count; place += 1) column[from + place] = spare[place];
}
