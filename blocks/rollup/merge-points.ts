import { type Column, newColumn, type Points } from "../model/columns.ts";

/** Rows `from` to `to` of columns: data points of one series, ascending and unique in time. */
export interface RowSpan {
  readonly time: Float64Array;
  readonly values: Column;
  readonly from: number;
  readonly to: number;
}

/** The rows alone; views where the columns are typed. */
export function pointsOf({ time, values, from, to }: RowSpan): Points {
  return { time: time.subarray(from, to), values: rowsOf(values, from, to) };
}

/** Joins two ascending lists of points of one series; where both have a timestamp, the one of `newer` stands. */
export function mergePoints(older: Points, newer: Points): Points {
  const length = older.time.length + newer.time.length;
  const time = new Float64Array(length);
  const values = likeColumn(newer.values, length);
  let oldRow = 0;
  let newRow = 0;
  let row = 0;
  while (oldRow < older.time.length || newRow < newer.time.length) {
    const oldTime = oldRow < older.time.length ? (older.time[oldRow] as number) : Number.POSITIVE_INFINITY;
    const newTime = newRow < newer.time.length ? (newer.time[newRow] as number) : Number.POSITIVE_INFINITY;
    if (newTime <= oldTime) {
      time[row] = newTime;
      values[row] = newer.values[newRow];
      newRow += 1;
      if (newTime === oldTime) oldRow += 1;
    } else {
      time[row] = oldTime;
      values[row] = older.values[oldRow];
      oldRow += 1;
    }
    row += 1;
  }
  return row === length ? { time, values } : { time: time.subarray(0, row), values: firstRows(values, row) };
}

/** Joins lists that follow each other in time. */
export function joinedPoints(parts: readonly Points[]): Points {
  const first = parts[0] as Points;
  if (parts.length === 1) return first;
  const length = parts.reduce((rows, part) => rows + part.time.length, 0);
  const time = new Float64Array(length);
  const values = likeColumn(first.values, length);
  let row = 0;
  for (const part of parts) {
    time.set(part.time, row);
    for (let from = 0; from < part.time.length; from += 1) values[row + from] = part.values[from];
    row += part.time.length;
  }
  return { time, values };
}

export function likeColumn(column: Column, length: number): Column {
  if (column instanceof Float64Array) return newColumn("float", length);
  return newColumn(column instanceof BigInt64Array ? "long" : "boxed", length);
}

/** Rows `from` to `to`; a view where the column is typed. */
export function rowsOf(column: Column, from: number, to: number): Column {
  return Array.isArray(column) ? column.slice(from, to) : column.subarray(from, to);
}

function firstRows(column: Column, rows: number): Column {
  return rowsOf(column, 0, rows);
}

/** The first row whose time is not below `time`; the length where all are. */
export function lowerBound(column: Float64Array, time: number, from = 0, to = column.length): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((column[middle] as number) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The first row of `from` to `to` that is not before `time`; at once where all are. */
export function firstFrom(column: Float64Array, time: number, from: number, to: number): number {
  return to > from && (column[to - 1] as number) < time ? to : lowerBound(column, time, from, to);
}
