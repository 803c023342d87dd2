import { type Column, newColumn, type Points } from "../model/columns.ts";
import type { Layout } from "../model/data-type.ts";
import type { ObservationChunk } from "../model/observation-chunk.ts";
import type { HotPoints } from "./hot-points.ts";
import type { FoldKernel } from "./kernel/fold-kernel.ts";
import { likeColumn, lowerBound, pointsOf, type RowSpan } from "./merge-points.ts";
import { PlainSort } from "./plain-sort.ts";
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
  /** 1 where rows of the chunks came out of order, or not behind the known ones; in a kernel also where some that did were taken back. */
  late: Uint32Array = new Uint32Array(0);
  /** For the fold: the row that it begins with. */
  next: Uint32Array = new Uint32Array(0);
  /** For the fold: 1 where it goes on from a state that is known. */
  goesOn: Uint32Array = new Uint32Array(0);
  /** Has the columns in its memory; absent where the rows are folded in JavaScript. */
  readonly kernel: FoldKernel | undefined;
  /** Place of the first group in the kernel. */
  first = 0;

  /** Groups before it are in order. */
  #ordered: number;
  /** Points that come before the rows of a group, when it is put in order. */
  readonly #known: HotPoints | undefined;

  /**
   * @param kernel Has the rows, of layout `float`, not in order yet.
   * @param known Of each series as they are until it is put in order.
   */
  constructor(layout: Layout, kernel?: FoldKernel, known?: HotPoints) {
    this.layout = layout;
    this.values = newColumn(layout, 0);
    this.kernel = kernel;
    this.#known = known;
    this.#ordered = kernel === undefined ? Number.POSITIVE_INFINITY : 0;
  }

  /** Groups `from` to `to` alone, all of which are in order, with places from 0, in the same memory. */
  slice(from: number, to: number): GroupedRows {
    const part = new GroupedRows(this.layout, this.kernel);
    part.#ordered = Number.POSITIVE_INFINITY;
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

  /** Puts groups in order until those before `end` are: a kernel does it little by little, as what it ordered is at hand when it is folded. */
  orderUntil(end: number): void {
    const from = this.#ordered;
    if (from >= end) return;
    const known = this.#known;
    if (known?.empty === false) known.copyToKernel(this.kernel as FoldKernel, this.first + from, this.first + end);
    this.kernel?.order(this.first + from, this.first + end);
    this.#ordered = end;
  }

  /** Makes room; what is in it afterwards has no meaning. */
  reserve(groups: number, rows: number): void {
    this.length = groups;
    if (this.series.length >= groups && this.time.length >= rows) return;
    const room = Math.max(this.series.length, groups + (groups >>> 2));
    this.use(this.#newColumns(room, Math.max(this.time.length, rows + (rows >>> 4))));
  }

  use({ series, time, values, start, from, to, late, next, goesOn }: GroupColumns): void {
    this.series = series;
    this.time = time;
    this.values = values;
    this.start = start;
    this.from = from;
    this.to = to;
    this.late = late;
    this.next = next;
    this.goesOn = goesOn;
  }

  #newColumns(groups: number, rows: number): GroupColumns {
    const column = () => new Uint32Array(groups);
    const [series, start, from, to] = [column(), column(), column(), column()];
    const [late, next, goesOn] = [column(), column(), column()];
    const [time, values] = [new Float64Array(rows), newColumn(this.layout, rows)];
    return { series, time, values, start, from, to, late, next, goesOn };
  }
}

type GroupColumns = Pick<
  GroupedRows,
  "series" | "time" | "values" | "start" | "from" | "to" | "late" | "next" | "goesOn"
>;

/**
 * The rows that a kernel took, whose groups are still to be put in order.
 *
 * @param known Points of the series that came before them, which late rows may fall among.
 */
export function groupedInKernel(kernel: FoldKernel, known?: HotPoints): GroupedRows {
  const groups = new GroupedRows("float", kernel, known);
  kernel.list();
  groups.length = kernel.series.length;
  if (known === undefined || known.empty) {
    kernel.reserveRows(0);
    kernel.start.set(kernel.from);
  } else makeRoom(kernel, known);
  groups.use(kernel);
  return groups;
}

/** Moves rows that have no room for the known points before them, and says in `start` where those go. */
function makeRoom(kernel: FoldKernel, known: HotPoints): void {
  const before = (place: number) => known.length(kernel.series[place] as number);
  const hasRoom = (place: number) => before(place) <= (kernel.from[place] as number) - (kernel.start[place] as number);
  let moved = 0;
  for (let place = 0; place < kernel.series.length; place += 1) {
    if (!hasRoom(place)) moved += before(place) + (kernel.to[place] as number) - (kernel.from[place] as number);
  }
  kernel.reserveRows(moved);
  for (let place = 0; place < kernel.series.length; place += 1) {
    if (!hasRoom(place)) kernel.moveBehind(place, before(place));
    kernel.start[place] = (kernel.from[place] as number) - before(place);
  }
}

/**
 * Sorts the rows of chunks of one layout by series, and within a series by time; of equal timestamps the one that came last
 * stands. Rows that arrive in order are not compared.
 */
export class SeriesGrouper {
  readonly #sort = new PlainSort();
  /** Kept, as fresh memory for every batch costs more than sorting into it. As long as the longest batch. */
  readonly #groups = new Map<Layout, GroupedRows>();
  readonly #order = new RowOrder();
  /** Room for one series that is put in order. */
  #spareTime = new Float64Array(0);
  #spareValues: Column = [];

  /**
   * @param known Points of the series that came before the chunks, which late rows of the chunks may fall among.
   * @returns what the next call of this layout writes again.
   * @throws {Error} where a chunk names a series beyond `seriesCount`.
   */
  group(chunks: readonly ObservationChunk[], layout: Layout, seriesCount: number, known?: HotPoints): GroupedRows {
    const groups = this.#groups.get(layout) ?? new GroupedRows(layout);
    this.#groups.set(layout, groups);
    sortRows(chunks, seriesCount, known, this.#sort, groups);
    for (let place = 0; place < groups.length; place += 1) this.#putInOrder(groups, place);
    return groups;
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
    // What is known may be forgotten before the last part.
    groups.orderUntil(groups.length);
    for (let from = 0; from < groups.length; from += seriesMax) {
      parts.push([groups.slice(from, Math.min(groups.length, from + seriesMax))]);
    }
  }
  return parts;
}

/** Whether so many series, or buckets of a period, are too many for a second such batch in memory. */
export const isLarge = (count: number) => count > 65_536;

function isLike(column: Column, other: Column): boolean {
  return column.constructor === other.constructor;
}

/** Sorts rows of chunks by series, behind the known ones of each. */
function sortRows(
  chunks: readonly ObservationChunk[],
  seriesCount: number,
  known: HotPoints | undefined,
  sort: PlainSort,
  groups: GroupedRows,
): void {
  const rows = chunks.reduce((sum, { length }) => sum + length, 0);
  sort.reserveSeries(seriesCount);
  let count = 0;
  for (const chunk of chunks) {
    count = sort.count(chunk, count);
    if (count < 0) break;
  }
  const touched = sort.touched.slice(0, Math.max(count, 0)).sort();
  if (count < 0 || (touched.at(-1) ?? 0) >= seriesCount) {
    sort.counts.fill(0);
    throw new Error(`A chunk names a series that its table, of ${seriesCount}, lacks`);
  }
  groups.reserve(count, rows + knownRows(touched, known));
  groups.series.set(touched);
  const { counts } = sort;
  for (let place = 0; place < count; place += 1) groups.to[place] = counts[touched[place] as number] as number;
  placeGroups(groups, known);
  if (known?.empty === false) {
    for (let place = 0; place < count; place += 1) {
      known.copyTo(groups.series[place] as number, groups, groups.start[place] as number);
    }
  }
  for (let place = 0; place < count; place += 1) counts[touched[place] as number] = groups.from[place] as number;
  for (const chunk of chunks) sort.scatter(chunk, groups);
  for (const series of touched) counts[series] = 0;
}

function knownRows(touched: Uint32Array, known: HotPoints | undefined): number {
  let rows = 0;
  if (known !== undefined && !known.empty) for (const series of touched) rows += known.length(series);
  return rows;
}

/** Places the rows of each group, of which `to` says how many come, behind its known points. */
function placeGroups(groups: GroupedRows, known: HotPoints | undefined): void {
  let rows = 0;
  for (let place = 0; place < groups.length; place += 1) {
    const count = groups.to[place] as number;
    groups.start[place] = rows;
    const from = rows + (known?.length(groups.series[place] as number) ?? 0);
    groups.from[place] = from;
    rows = from + count;
    groups.to[place] = rows;
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
