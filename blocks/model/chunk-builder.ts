import assert from "node:assert/strict";
import type { Receipt } from "../../runtime/receipt.ts";
import { type Column, newColumn } from "./columns.ts";
import { type Layout, layoutOf } from "./data-type.ts";
import { ObservationChunk } from "./observation-chunk.ts";
import type { Series, SeriesTable } from "./series.ts";

/**
 * Gathers data points of any series into chunks, one chunk a layout, in the order in which they were added.
 *
 * It grows as rows are added and sets no bound itself: who fills it bounds what it reads (`pointsMax`, the size of a body)
 * and calls `build`.
 */
export class ChunkBuilder {
  readonly table: SeriesTable;
  readonly #float: Rows<Float64Array>;
  readonly #long: Rows<BigInt64Array>;
  readonly #boxed: Rows<unknown[]>;

  /** @param rowsAtStart Room for rows of each layout before the columns grow, by doubling. At least 1. */
  constructor(table: SeriesTable, rowsAtStart = 1024) {
    assert(rowsAtStart >= 1, "a builder starts with room for at least one row");
    this.table = table;
    this.#float = new Rows(rowsAtStart, (rows) => newColumn("float", rows));
    this.#long = new Rows(rowsAtStart, (rows) => newColumn("long", rows));
    this.#boxed = new Rows(rowsAtStart, (rows) => newColumn("boxed", rows));
  }

  /** The rows of layout `float`, for who writes columns itself: it sets `length` to tell how many there are then. */
  get numbers(): Rows<Float64Array> {
    return this.#float;
  }

  /** Rows added since the last `build`. */
  get rows(): number {
    return this.#float.length + this.#long.length + this.#boxed.length;
  }

  /**
   * @param series Of this builder's table.
   * @param time Whole ms since the epoch.
   * @param value As `checkValue` returned it for the type of the series.
   */
  add(series: Series, time: number, value: unknown): void {
    const layout = layoutOf(series.type);
    if (layout === "float") this.addNumber(series, time, value as number);
    else if (layout === "long") {
      const row = this.#long.push(series.index, time);
      this.#long.values[row] = value as bigint;
    } else {
      const row = this.#boxed.push(series.index, time);
      this.#boxed.values[row] = value;
    }
  }

  /** A data point of a series of layout `float`, without a detour over `unknown`. */
  addNumber(series: Series, time: number, value: number): void {
    const row = this.#float.push(series.index, time);
    this.#float.values[row] = value;
  }

  /** A data point of a series of layout `long` from the halves of its two's complement, without making a bigint. */
  addHalves(series: Series, time: number, high: number, low: number): void {
    const row = this.#long.push(series.index, time);
    const halves = this.#long.halves();
    halves[2 * row + lowHalf] = low;
    halves[2 * row + 1 - lowHalf] = high;
  }

  /** What is added from here on can be rolled back, until the next `begin` or `build`. */
  begin(): void {
    this.#float.mark = this.#float.length;
    this.#long.mark = this.#long.length;
    this.#boxed.mark = this.#boxed.length;
  }

  /** Drops what was added since `begin`. */
  rollback(): void {
    this.#float.length = this.#float.mark;
    this.#long.length = this.#long.mark;
    this.#boxed.length = this.#boxed.mark;
  }

  /**
   * The rows added so far, one chunk for each layout among them; none where there are no rows. The builder is empty afterwards.
   *
   * @param receipt Born with one holder; `hold` is called for each chunk beyond the first. With no chunk it stays with the caller.
   */
  build(receipt: Receipt): ObservationChunk[] {
    const chunks: ObservationChunk[] = [];
    const take = (layout: Layout, rows: Rows<Column>) => {
      const length = rows.length;
      if (length > 0) chunks.push(new ObservationChunk(this.table, layout, length, rows.take(), receipt));
    };
    take("float", this.#float);
    take("long", this.#long);
    take("boxed", this.#boxed);
    if (chunks.length > 1) receipt.hold(chunks.length - 1);
    return chunks;
  }
}

/**
 * Rows of a chunk at most, for a source that has more at hand: on its way to a rollup a chunk costs as much as some 250 rows do
 * (`npm run bench -- rollup` with chunks of 1,024 and of 4,096), and the kernel moves more rows of one series at once where more scans are in it.
 */
export const chunkRowsMax = 8_192;

/** Which of the two 32-bit halves of a `BigInt64Array` element comes first in memory. */
const lowHalf = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? 0 : 1;

/** Growing columns of one layout. */
export class Rows<C extends Column> {
  length = 0;
  mark = 0;
  series: Uint32Array;
  time: Float64Array;
  values: C;
  #halves: Int32Array | undefined;
  readonly #rowsAtStart: number;
  readonly #newValues: (rows: number) => C;

  constructor(rowsAtStart: number, newValues: (rows: number) => C) {
    this.#rowsAtStart = rowsAtStart;
    this.#newValues = newValues;
    this.series = new Uint32Array(0);
    this.time = new Float64Array(0);
    this.values = newValues(0);
  }

  /** Makes room for one row and fills in all but its value. */
  push(seriesIndex: number, time: number): number {
    const row = this.length;
    if (row === this.time.length) this.grow();
    this.series[row] = seriesIndex;
    this.time[row] = time;
    this.length = row + 1;
    return row;
  }

  halves(): Int32Array {
    const values = this.values;
    assert(values instanceof BigInt64Array);
    this.#halves ??= new Int32Array(values.buffer);
    return this.#halves;
  }

  /** The columns, which belong to the taker. A few rows of large columns are copied, and the columns are kept for the next. */
  take(): { series: Uint32Array; time: Float64Array; values: C } {
    const length = this.length;
    this.length = 0;
    this.mark = 0;
    const roomy = length * 2 <= this.time.length;
    const taken = roomy
      ? {
          series: this.series.slice(0, length),
          time: this.time.slice(0, length),
          values: this.values.slice(0, length) as C,
        }
      : { series: this.series, time: this.time, values: this.values };
    if (!roomy || this.time.length > this.#rowsAtStart) this.#reset(0);
    else if (Array.isArray(this.values)) this.values.fill(undefined, 0, length);
    return taken;
  }

  #reset(rows: number): void {
    this.series = new Uint32Array(rows);
    this.time = new Float64Array(rows);
    this.values = this.#newValues(rows);
    this.#halves = undefined;
  }

  /** Makes room for more rows, in new columns. */
  grow(): this {
    const { series, time, values } = this;
    this.#reset(Math.max(this.#rowsAtStart, time.length * 2));
    this.series.set(series);
    this.time.set(time);
    if (Array.isArray(values)) for (let row = 0; row < time.length; row++) this.values[row] = values[row];
    else if (values instanceof BigInt64Array) (this.values as BigInt64Array).set(values);
    else (this.values as Float64Array).set(values);
    return this;
  }
}
