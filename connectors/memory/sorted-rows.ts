import type { Column } from "../../blocks/model/columns.ts";

/** Cells of some rows: `width` of them a row, side by side. */
export interface Cells {
  readonly width: number;
  readonly column: Column;
}

/** Rows of several columns, by name; all of the same number of rows. */
export type NamedCells = Readonly<Record<string, Cells>>;

export interface TimedCells {
  readonly time: Float64Array;
  readonly cells: NamedCells;
}

/**
 * Rows by time, ascending, as columns in pages. Later rows are appended in one piece; among others they are merged, and each
 * takes the place of one with its time. A cell that a row was written without is NaN where its column has numbers and
 * `undefined` where it has objects.
 */
export class SortedRows {
  #size = 0;
  readonly #pages: Page[] = [];

  get size(): number {
    return this.#size;
  }

  /** The latest time, -Infinity where there is none. */
  get newest(): number {
    return this.#size === 0 ? Number.NEGATIVE_INFINITY : this.#timeAt(this.#size - 1);
  }

  /** Copies rows in. @param time Ascending and unique. */
  write(time: Float64Array, cells: NamedCells): void {
    if (time.length === 0) return;
    const from = this.#lowerBound(time[0] as number);
    // The newest row is often written again, with later ones behind it.
    const again = from === this.#size - 1 && this.#timeAt(from) === time[0];
    if (from < this.#size && !again) this.#merge(from, time, cells);
    else {
      this.#size = from;
      this.#append(time, cells, 0, time.length);
    }
  }

  /** Takes away those in `[from, to)`. */
  remove(from: number, to: number): void {
    const low = this.#lowerBound(from);
    const high = Math.max(low, this.#lowerBound(to));
    if (high === low) return;
    const rest = this.#copy(high, this.#size);
    this.#size = low;
    this.#append(rest.time, rest.cells, 0, rest.time.length);
  }

  /** Copies of those in `[from, to)`. */
  read(from: number, to: number): TimedCells {
    const low = this.#lowerBound(from);
    return this.#copy(low, Math.max(low, this.#lowerBound(to)));
  }

  #merge(from: number, time: Float64Array, cells: NamedCells): void {
    const old = this.#copy(from, this.#size);
    this.#size = from;
    let oldRow = 0;
    let row = 0;
    while (oldRow < old.time.length && row < time.length) {
      const oldEnd = runEnd(old.time, oldRow, time[row] as number);
      this.#append(old.time, old.cells, oldRow, oldEnd - oldRow);
      oldRow = old.time[oldEnd] === time[row] ? oldEnd + 1 : oldEnd;
      const end = runEnd(time, row + 1, old.time[oldRow] ?? Number.POSITIVE_INFINITY);
      this.#append(time, cells, row, end - row);
      row = end;
    }
    this.#append(old.time, old.cells, oldRow, old.time.length - oldRow);
    this.#append(time, cells, row, time.length - row);
  }

  #append(time: Float64Array, cells: NamedCells, row: number, count: number): void {
    for (let done = 0; done < count; ) {
      const at = this.#size % pageRows;
      const part = Math.min(count - done, pageRows - at);
      let page = this.#pages[(this.#size - at) / pageRows];
      if (page === undefined) {
        page = new Page(this.#pages.length === 0 ? rowsMin : pageRows);
        this.#pages.push(page);
      }
      page.put(at, time, cells, row + done, part);
      this.#size += part;
      done += part;
    }
  }

  #copy(from: number, to: number): TimedCells {
    const copy = new Page(to - from);
    for (let row = from; row < to; ) {
      const at = row % pageRows;
      const part = Math.min(to - row, pageRows - at);
      const page = this.#pages[(row - at) / pageRows] as Page;
      copy.put(row - from, page.time, page.cells, at, part);
      row += part;
    }
    return copy;
  }

  #timeAt(row: number): number {
    const at = row % pageRows;
    return this.#pages[(row - at) / pageRows]?.time[at] as number;
  }

  #lowerBound(time: number): number {
    if (this.newest < time) return this.#size;
    let low = 0;
    let high = this.#size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#timeAt(middle) < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The first row from `from` on that is not before `time`. Late rows come in short runs, so it looks at one after the other. */
function runEnd(column: Float64Array, from: number, time: number): number {
  let row = from;
  while (row < column.length && (column[row] as number) < time) row += 1;
  return row;
}

/** Rows of a page: large enough that a page costs little, small enough that a full one is seldom half empty. */
const pageRows = 1_024;
const rowsMin = 16;

/** Rows side by side, in columns that double when they are full. */
class Page {
  time: Float64Array;
  readonly cells: Record<string, { width: number; column: Column }> = {};

  constructor(capacity: number) {
    this.time = new Float64Array(capacity);
  }

  /** Copies `count` rows from `row` of the source to `at`, which is not behind the rows put so far. */
  put(at: number, time: Float64Array, cells: NamedCells, row: number, count: number): void {
    if (at + count > this.time.length) this.#grow(Math.max(at + count, Math.min(2 * this.time.length, pageRows)), at);
    for (const name in cells) this.#declare(name, cells[name] as Cells, at);
    copyCells(this.time, at, time, row, count);
    for (const name in this.cells) {
      const { width, column } = this.cells[name] as Cells;
      const source = cells[name];
      if (source?.width === width) copyCells(column, at * width, source.column, row * width, count * width);
      else putNarrow(column, at, width, source, row, count);
    }
  }

  #grow(capacity: number, rows: number): void {
    const time = new Float64Array(capacity);
    copyCells(time, 0, this.time, 0, rows);
    this.time = time;
    for (const held of Object.values(this.cells)) {
      const column = sameKind(held.column, capacity * held.width);
      copyCells(column, 0, held.column, 0, rows * held.width);
      held.column = column;
    }
  }

  /** Makes a column, or widens it. */
  #declare(name: string, { width, column }: Cells, rows: number): void {
    const known = this.cells[name];
    if (known !== undefined && known.width >= width) return;
    const wide = sameKind(column, this.time.length * width);
    putNarrow(wide, 0, width, known, 0, rows);
    this.cells[name] = { width, column: wide };
  }
}

function sameKind(column: Column, length: number): Column {
  if (column instanceof Float64Array) return new Float64Array(length);
  return column instanceof BigInt64Array ? new BigInt64Array(length) : new Array<unknown>(length);
}

/** So many cells are copied faster one by one than by a view, which is an object of its own. */
const loopMax = 256;

function copyCells(target: Column, at: number, source: Column, from: number, count: number): void {
  if (target instanceof Float64Array && source instanceof Float64Array) {
    if (count > loopMax) target.set(source.subarray(from, from + count), at);
    else for (let cell = 0; cell < count; cell += 1) target[at + cell] = source[from + cell] as number;
  } else for (let cell = 0; cell < count; cell += 1) target[at + cell] = source[from + cell];
}

/** Rows of a column that is narrower, or of none; what is absent is filled up. */
function putNarrow(target: Column, at: number, width: number, source: Cells | undefined, row: number, count: number) {
  const held = source?.width ?? 0;
  for (let index = 0; index < count; index += 1) {
    const to = (at + index) * width;
    if (source !== undefined) copyCells(target, to, source.column, (row + index) * held, held);
    if (target instanceof Float64Array) target.fill(Number.NaN, to + held, to + width);
    else if (Array.isArray(target)) target.fill(undefined, to + held, to + width);
  }
}
