import type { Column } from "../../blocks/model/columns.ts";

/** Cells of some rows: `width` of them a row, side by side. */
export interface Cells {
  readonly width: number;
  readonly column: Column;
}

/** Rows of several columns, by name; all of the same number of rows. */
export type NamedCells = Readonly<Record<string, Cells>>;

/**
 * Rows by time, ascending, as columns that double when they are full. Later rows are appended in one piece; among others they
 * are merged, and each takes the place of one with its time. A cell that a row was written without is NaN where its
 * column has numbers and `undefined` where it has objects.
 */
export class SortedRows {
  #size = 0;
  #time = new Float64Array(rowsMin);
  readonly #columns = new Map<string, { width: number; column: Column }>();

  get size(): number {
    return this.#size;
  }

  /** The latest time, -Infinity where there is none. */
  get newest(): number {
    return this.#size === 0 ? Number.NEGATIVE_INFINITY : (this.#time[this.#size - 1] as number);
  }

  /** Copies rows in. @param time Ascending and unique. */
  write(time: Float64Array, cells: NamedCells): void {
    const count = time.length;
    if (count === 0) return;
    for (const name in cells) this.#declare(name, cells[name] as Cells);
    this.#reserve(this.#size + count);
    const from = this.#lowerBound(time[0] as number);
    if (from === this.#size) {
      this.#time.set(time, from);
      this.#put(from, cells, 0, count);
      this.#size += count;
    } else this.#merge(from, time, cells);
  }

  /** Copies of those in `[from, to)`. */
  read(from: number, to: number): { time: Float64Array; cells: NamedCells } {
    const low = this.#lowerBound(from);
    return this.#copy(low, Math.max(low, this.#lowerBound(to)));
  }

  #merge(from: number, time: Float64Array, cells: NamedCells): void {
    const old = this.#copy(from, this.#size);
    let size = from;
    let next = 0;
    for (let row = 0; row < old.time.length || next < time.length; size += 1) {
      const oldTime = old.time[row] ?? Number.POSITIVE_INFINITY;
      const newTime = time[next] ?? Number.POSITIVE_INFINITY;
      this.#time[size] = Math.min(oldTime, newTime);
      if (newTime <= oldTime) this.#put(size, cells, next++, 1);
      else this.#put(size, old.cells, row, 1);
      if (oldTime <= newTime) row += 1;
    }
    this.#size = size;
  }

  #put(at: number, cells: NamedCells, row: number, count: number): void {
    for (const [name, { width, column }] of this.#columns) {
      const source = cells[name];
      if (source?.width === width) copyCells(column, at * width, source.column, row * width, count * width);
      else
        for (let index = 0; index < count; index += 1)
          putNarrow(column, (at + index) * width, width, source, row + index);
    }
  }

  #copy(from: number, to: number): { time: Float64Array; cells: NamedCells } {
    const cells: Record<string, Cells> = {};
    for (const [name, { width, column }] of this.#columns) {
      cells[name] = { width, column: column.slice(from * width, to * width) };
    }
    return { time: this.#time.slice(from, to), cells };
  }

  /** Makes a column, or widens it. */
  #declare(name: string, { width, column }: Cells): void {
    const known = this.#columns.get(name);
    if (known !== undefined && known.width >= width) return;
    const wide = sameKind(column, this.#time.length * width);
    for (let row = 0; row < this.#size; row += 1) putNarrow(wide, row * width, width, known, row);
    this.#columns.set(name, { width, column: wide });
  }

  #reserve(rows: number): void {
    if (rows <= this.#time.length) return;
    const capacity = Math.max(rows, 2 * this.#time.length);
    const time = new Float64Array(capacity);
    time.set(this.#time);
    this.#time = time;
    for (const held of this.#columns.values()) {
      const column = sameKind(held.column, capacity * held.width);
      copyCells(column, 0, held.column, 0, this.#size * held.width);
      held.column = column;
    }
  }

  #lowerBound(time: number): number {
    if (this.newest < time) return this.#size;
    let low = 0;
    let high = this.#size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#time[middle] as number) < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const rowsMin = 16;

function sameKind(column: Column, length: number): Column {
  if (column instanceof Float64Array) return new Float64Array(length);
  return column instanceof BigInt64Array ? new BigInt64Array(length) : new Array<unknown>(length);
}

function copyCells(target: Column, at: number, source: Column, from: number, count: number): void {
  if (target instanceof Float64Array && source instanceof Float64Array) {
    target.set(source.subarray(from, from + count), at);
  } else for (let cell = 0; cell < count; cell += 1) target[at + cell] = source[from + cell] as never;
}

/** One row of a column that is narrower, or of none. */
function putNarrow(target: Column, at: number, width: number, source: Cells | undefined, row: number): void {
  const held = source?.width ?? 0;
  if (source !== undefined) copyCells(target, at, source.column, row * held, held);
  fillAbsent(target, at + held, at + width);
}

function fillAbsent(column: Column, from: number, to: number): void {
  if (column instanceof Float64Array) column.fill(Number.NaN, from, to);
  else if (Array.isArray(column)) column.fill(undefined, from, to);
}
