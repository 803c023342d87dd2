import type { SensorRows } from "../sensor-rows.ts";

/** Rows in columns that one buffer holds, as a source hands them on. Whoever has it owns it. */
export class ColumnChunk {
  readonly time: Float64Array;
  readonly values: Float64Array;
  readonly series: Uint32Array;
  /** Rows; the columns may be longer. */
  length: number;

  constructor(rows: SensorRows, from: number, length: number) {
    const buffer = new ArrayBuffer(length * bytesPerRow);
    this.time = new Float64Array(buffer, 0, length);
    this.values = new Float64Array(buffer, length * 8, length);
    this.series = new Uint32Array(buffer, length * 16, length);
    this.length = length;
    if (length < copiedByHand) {
      for (let row = 0; row < length; row += 1) {
        this.time[row] = rows.time[from + row] as number;
        this.values[row] = rows.values[from + row] as number;
        this.series[row] = rows.series[from + row] as number;
      }
    } else {
      this.time.set(rows.time.subarray(from, from + length));
      this.values.set(rows.values.subarray(from, from + length));
      this.series.set(rows.series.subarray(from, from + length));
    }
  }

  /** Another value for each row, in place. */
  mapped(change: (series: number, time: number, value: number) => number): this {
    const { series, time, values } = this;
    for (let row = 0; row < this.length; row += 1) {
      values[row] = change(series[row] as number, time[row] as number, values[row] as number);
    }
    return this;
  }

  /** Only the rows that stay, in place. */
  filtered(keeps: (series: number, time: number, value: number) => boolean): this {
    const { series, time, values } = this;
    let kept = 0;
    for (let row = 0; row < this.length; row += 1) {
      const [one, at, value] = [series[row] as number, time[row] as number, values[row] as number];
      if (!keeps(one, at, value)) continue;
      series[kept] = one;
      time[kept] = at;
      values[kept] = value;
      kept += 1;
    }
    this.length = kept;
    return this;
  }
}

/** Two numbers of 64 bits and one of 32. */
const bytesPerRow = 20;
/** Below, views to copy from cost more than the copy. */
const copiedByHand = 32;

/** All rows in chunks, made anew whenever they are asked for. */
export class ColumnChunks implements Iterable<ColumnChunk> {
  readonly #rows: SensorRows;
  readonly #chunkRows: number;

  constructor(rows: SensorRows, chunkRows: number) {
    this.#rows = rows;
    this.#chunkRows = chunkRows;
  }

  *[Symbol.iterator](): Generator<ColumnChunk, undefined> {
    const { length } = this.#rows;
    for (let from = 0; from < length; from += this.#chunkRows) {
      yield new ColumnChunk(this.#rows, from, Math.min(this.#chunkRows, length - from));
    }
  }
}
