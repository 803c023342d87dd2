import assert from "node:assert/strict";
import { floatState, floatStateWidth } from "../../blocks/derivators/float-state.ts";
import type { Series, Tagset } from "../../blocks/model/series.ts";
import type { SeriesFilter, StateRows, StatesWrite, Store, StoreWrite } from "../../blocks/model/store.ts";

/**
 * A store that keeps rollups and lets go of raw rows, as a store of a plugin may: the rollup work without what it costs to keep
 * the rows it is made of. It knows how new each series is by its buckets, and has no row to read back: a row that is later than what
 * the blocks keep in memory would make a wrong bucket, and the checksum would say so.
 */
export class RollupStore implements Store {
  readonly #writes: (readonly StatesWrite[])[] = [];

  async newest(series: readonly Series[]): Promise<Float64Array> {
    const newest = this.#newest();
    return Float64Array.from(series, (one) => newest.get(one) ?? Number.NEGATIVE_INFINITY);
  }

  async readObservations(): Promise<never> {
    assert.fail("no raw rows are kept");
  }

  async readStates(): Promise<StateRows[]> {
    assert.fail("one period has no finer states to read");
  }

  async write({ states }: StoreWrite): Promise<void> {
    if (states !== undefined) this.#writes.push(states);
  }

  /** States as they were last written, of every series and bucket. */
  floats(): Float64Array[] {
    const last = new Map<Series, Map<number, Float64Array>>();
    for (const { series, rows } of this.#writes.flat()) {
      const buckets = last.get(series) ?? new Map<number, Float64Array>();
      last.set(series, buckets);
      for (const [row, start] of rows.start.entries()) {
        buckets.set(start, (rows.floats ?? assert.fail()).subarray(row * floatStateWidth, (row + 1) * floatStateWidth));
      }
    }
    return [...last.values()].flatMap((buckets) => [...buckets.values()]);
  }

  async find(_filter: SeriesFilter): Promise<Series[]> {
    return [...this.#newest().keys()];
  }

  async staticTagsets(): Promise<Map<string, Tagset>> {
    return new Map();
  }

  async close(): Promise<void> {}

  #newest(): Map<Series, number> {
    const newest = new Map<Series, number>();
    for (const { series, rows } of this.#writes.flat()) {
      const floats = rows.floats ?? assert.fail();
      const last = floats[floats.length - floatStateWidth + floatState.lastTime] as number;
      newest.set(series, Math.max(last, newest.get(series) ?? last));
    }
    return newest;
  }
}
