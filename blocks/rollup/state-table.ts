import { floatStateWidth } from "../derivators/float-state.ts";
import { layoutOf } from "../model/data-type.ts";
import type { Series } from "../model/series.ts";
import type { StateRows } from "../model/store.ts";
import type { OnFailure } from "./derivator-failures.ts";
import type { DerivatorSet, DerivatorStates } from "./derivator-set.ts";

/**
 * States of the buckets of one period, of any number of series: columns, in order of series and then start.
 * A row has a float state, other states, or both; which, follows from the type of its series.
 */
export class StateTable {
  length = 0;
  series: Uint32Array;
  /** Start of the bucket, ms since the epoch. */
  start: Float64Array;
  /** `floatStateWidth` numbers a row; unused where the series is not of layout `float`. */
  floats: Float64Array;
  /** By row; absent where the type has no derivators besides the float state. */
  readonly others: (DerivatorStates | undefined)[] = [];

  constructor(rowsExpected = 256) {
    this.series = new Uint32Array(rowsExpected);
    this.start = new Float64Array(rowsExpected);
    this.floats = new Float64Array(rowsExpected * floatStateWidth);
  }

  /** A new row with an empty float state. @returns its index. */
  append(series: number, start: number, others?: DerivatorStates): number {
    const row = this.length;
    if (row === this.series.length) this.#grow();
    this.series[row] = series;
    this.start[row] = start;
    if (others !== undefined) this.others[row] = others;
    this.length = row + 1;
    return row;
  }

  /** New rows with float states alone. */
  appendStates(series: Uint32Array, start: Float64Array, floats: Float64Array): void {
    const row = this.length;
    this.length = row + series.length;
    while (this.series.length < this.length) this.#grow();
    this.series.set(series, row);
    this.start.set(start, row);
    this.floats.set(floats, row * floatStateWidth);
  }

  /** The first row behind `from` that belongs to another series. */
  endOfSeries(from: number): number {
    const series = this.series[from];
    let row = from + 1;
    while (row < this.length && this.series[row] === series) row += 1;
    return row;
  }

  /** Rows `from` to `to`, all of one series, as a store keeps them. Views, not copies. */
  rows(from: number, to: number, series: Series, set: DerivatorSet, failed?: OnFailure): StateRows {
    const start = this.start.subarray(from, to);
    const floats = this.floats.subarray(from * floatStateWidth, to * floatStateWidth);
    const hasFloats = layoutOf(series.type) === "float";
    if (set.empty) return hasFloats ? { start, floats } : { start };
    const bytes = this.others.slice(from, to).map((states) => set.encode(states as DerivatorStates, failed));
    return hasFloats ? { start, floats, bytes } : { start, bytes };
  }

  #grow(): void {
    const capacity = this.series.length * 2;
    const series = new Uint32Array(capacity);
    series.set(this.series);
    const start = new Float64Array(capacity);
    start.set(this.start);
    const floats = new Float64Array(capacity * floatStateWidth);
    floats.set(this.floats);
    this.series = series;
    this.start = start;
    this.floats = floats;
  }
}
