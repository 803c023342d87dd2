import { type Column, newColumn, type Points } from "../model/columns.ts";
import type { Layout } from "../model/data-type.ts";
import type { ObservationChunk } from "../model/observation-chunk.ts";
import type { HotPoints } from "./hot-points.ts";
import { FoldKernel } from "./kernel/fold-kernel.ts";
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
  series: Uint32Array = new Uint32Array(0);
  time: Float64Array = new Float64Array(0);
  values: Column;
  /** The first row of a group, of those that were known before. */
  start: Uint32Array = new Uint32Array(0);
  /** The oldest row of the chunks: known ones before it are not new, those behind it may be. */
  from: Uint32Array = new Uint32Array(0);
  /** Behind the last row. */
  to: Uint32Array = new Uint32Array(0);
  /** 1 where rows of the chunks came out of order, or not behind the known ones. */
  late: Uint32Array = new Uint32Array(0);
  /** For the fold: the row that it begins with. */
  next: Uint32Array = new Uint32Array(0);
  /** For the fold: 1 where it goes on from a state that is known. */
  goesOn: Uint32Array = new Uint32Array(0);
  /** Has the columns in its memory; absent where the rows are folded in JavaScript. */
  kernel: FoldKernel | undefined;
  /** Place of the first group in the kernel. */
  first = 0;
  readonly #compiled: boolean;

  /** @param compiled Whether the rows, of layout `float`, are for the compiled kernel. */
  constructor(layout: Layout, compiled: boolean) {
    this.layout = layout;
    this.values = newColumn(layout, 0);
    this.#compiled = compiled;
  }

  /** Groups `from` to `to` alone, with places from 0, in the same memory. */
  slice(from: number, to: number): GroupedRows {
    const part = new GroupedRows(this.layout, this.#compiled);
    part.length = to - from;
    part.series = this.series.subarray(from, to);
    part.time = this.time;
    part.values = this.values;
    part.start = this.start.subarray(from, to);
    part.from = this.from.subarray(from, to);
    part.to = this.to.subarray(from, to);
    part.late = this.late.subarray(from, to);
    part.next = this.next.subarray(from, to);
    part.goesOn = this.goesOn.subarray(from, to);
    part.kernel = this.kernel;
    part.first = this.first + from;
    return part;
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

  /** Makes room; what is in it afterwards has no meaning. */
  reserve(groups: number, rows: number): void {
    this.length = groups;
    if (this.series.length >= groups && this.time.length >= rows) return;
    const room = Math.max(this.series.length, groups + (groups >>> 2));
    const rowsRoom = Math.max(this.time.length, rows + (rows >>> 4));
    this.series = new Uint32Array(room);
    this.kernel = this.#compiled ? FoldKernel.open(rowsRoom, room) : undefined;
    const { time, values, start, from, to, late, next, goesOn } = this.kernel ?? this.#newColumns(room, rowsRoom);
    this.time = time;
    this.values = values;
    this.start = start;
    this.from = from;
    this.to = to;
    this.late = late;
    this.next = next;
    this.goesOn = goesOn;
  }

  #newColumns(groups: number, rows: number) {
    const column = () => new Uint32Array(groups);
    const [start, from, to, late, next, goesOn] = [column(), column(), column(), column(), column(), column()];
    return { time: new Float64Array(rows), values: newColumn(this.layout, rows), start, from, to, late, next, goesOn };
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
  readonly #groups = new Map<Layout | "compiled", GroupedRows>();
  readonly #compiledFrom: number;
  readonly #order = new RowOrder();
  /** Room for one series that is put in order. */
  #spareTime = new Float64Array(0);
  #spareValues: Column = [];

  /** @param compiledFrom So many rows of layout `float` are sorted and folded by the compiled kernel; fewer do not pay it. */
  constructor(compiledFrom = compiledFromDefault) {
    this.#compiledFrom = compiledFrom;
  }

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
    const touched = this.#touched.subarray(0, touchedCount).sort();
    let rows = chunks.reduce((sum, { length }) => sum + length, 0);
    if (known !== undefined && !known.empty) {
      for (let place = 0; place < touchedCount; place += 1) rows += known.length(touched[place] as number);
    }
    const groups = this.#groupsOf(layout, rows);
    groups.reserve(touchedCount, rows);
    groups.series.set(touched);
    this.#place(groups, known);
    for (const chunk of chunks) scatter(chunk, counts, groups.time, groups.values);
    for (let place = 0; place < touchedCount; place += 1) counts[groups.series[place] as number] = 0;
    if (groups.kernel !== undefined) groups.kernel.order(touchedCount);
    else for (let place = 0; place < touchedCount; place += 1) this.#putInOrder(groups, place);
    return groups;
  }

  #groupsOf(layout: Layout, rows: number): GroupedRows {
    const compiled = layout === "float" && rows >= this.#compiledFrom;
    const key = compiled ? "compiled" : layout;
    const kept = this.#groups.get(key);
    if (kept !== undefined) return kept;
    const groups = new GroupedRows(layout, compiled);
    this.#groups.set(key, groups);
    return groups;
  }

  /** Places each group behind its known points; from here on `#counts` holds where its next row goes. */
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

/** The groups in their order, with so many series each at most. */
export function partsOf(grouped: readonly GroupedRows[], seriesMax: number): (readonly GroupedRows[])[] {
  if (grouped.reduce((groups, { length }) => groups + length, 0) <= seriesMax) return [grouped];
  const parts: (readonly GroupedRows[])[] = [];
  for (const groups of grouped) {
    for (let from = 0; from < groups.length; from += seriesMax) {
      parts.push([groups.slice(from, Math.min(groups.length, from + seriesMax))]);
    }
  }
  return parts;
}

/** Whether so many series, or buckets of a period, are too many for a second such batch in memory. */
export const isLarge = (count: number) => count > 65_536;

/** Below it a call of the kernel, and the room it takes, cost more than they save. */
const compiledFromDefault = 4_096;

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
