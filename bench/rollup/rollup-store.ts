import assert from "node:assert/strict";
import type { Series, Tagset } from "../../blocks/model/series.ts";
import type { SeriesFilter, StateRows, Store, StoreWrite } from "../../blocks/model/store.ts";

/**
 * A store that keeps rollups and lets go of raw rows, as a store of a plugin may: the rollup work without what it costs to keep
 * the rows it is made of. It knows how new each series is, and has no row to read back: a row that is later than what the blocks
 * keep in memory would make a wrong bucket, and the checksum would say so.
 */
export class RollupStore implements Store {
  readonly #newest = new Map<Series, number>();
  readonly #states: { readonly series: Series; readonly rows: StateRows }[] = [];

  async newest(series: readonly Series[]): Promise<Float64Array> {
    return Float64Array.from(series, (one) => this.#newest.get(one) ?? Number.NEGATIVE_INFINITY);
  }

  async readObservations(): Promise<never> {
    assert.fail("no raw rows are kept");
  }

  async readStates(): Promise<StateRows[]> {
    assert.fail("one period has no finer states to read");
  }

  async write({ observations = [], states = [] }: StoreWrite): Promise<void> {
    for (const { series, points } of observations) this.#newest.set(series, points.time.at(-1) as number);
    for (const { series, rows } of states) this.#states.push({ series, rows });
  }

  /** States as they were last written, of every series and bucket. */
  floats(width: number): Float64Array[] {
    const last = new Map<Series, Map<number, Float64Array>>();
    for (const { series, rows } of this.#states) {
      const buckets = last.get(series) ?? new Map<number, Float64Array>();
      last.set(series, buckets);
      for (const [row, start] of rows.start.entries()) {
        buckets.set(start, (rows.floats ?? assert.fail()).subarray(row * width, (row + 1) * width));
      }
    }
    return [...last.values()].flatMap((buckets) => [...buckets.values()]);
  }

  async find(_filter: SeriesFilter): Promise<Series[]> {
    return [...this.#newest.keys()];
  }

  async staticTagsets(): Promise<Map<string, Tagset>> {
    return new Map();
  }

  async close(): Promise<void> {}
}
