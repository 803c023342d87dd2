import assert from "node:assert/strict";
import { test } from "vitest";
import { builtInDerivators } from "../../../blocks/derivators/catalogue.ts";
import { floatStateWidth, foldFloats } from "../../../blocks/derivators/float-state.ts";
import { periodOf } from "../../../blocks/model/period.ts";
import { SeriesTable } from "../../../blocks/model/series.ts";
import type { SeriesRange } from "../../../blocks/model/store.ts";
import { Cascade } from "../../../blocks/rollup/cascade.ts";
import { DerivatorSets } from "../../../blocks/rollup/derivator-set.ts";
import { StateTable } from "../../../blocks/rollup/state-table.ts";
import { MemoryStore } from "../../../connectors/memory/store.ts";

const minute = 60_000;
const hour = 60 * minute;

/** A memory store that notes which states are read. */
class NotingStore extends MemoryStore {
  readonly reads: [string, number, number][] = [];

  override async readStates(period: string, ranges: readonly SeriesRange[]) {
    for (const { from, to } of ranges) this.reads.push([period, from, to]);
    return super.readStates(period, ranges);
  }
}

test("a bucket that grows at its end, or whose last finer bucket changes, reads nothing back", async () => {
  const hours = cascade(new NotingStore());
  assert.deepEqual(await hours.counts([0, 1], [minute, 1]), [[0, 2]]);
  assert.deepEqual(await hours.counts([minute, 5]), [[0, 6]]);
  assert.deepEqual(await hours.counts([minute, 7], [2 * minute, 1], [hour, 1]), [
    [0, 9],
    [hour, 1],
  ]);
  assert.deepEqual(hours.store.reads, []);
});

test("a finer bucket before the last one reads its coarse bucket back, and no other", async () => {
  const hours = cascade(new NotingStore());
  await hours.counts([0, 1], [2 * minute, 1], [hour, 1]);
  assert.deepEqual(await hours.counts([minute, 3], [hour, 2]), [
    [0, 5],
    [hour, 2],
  ]);
  assert.deepEqual(hours.store.reads, [["1m", 0, hour]]);
});

test("a cascade started again reads the newest bucket back, and nothing behind it", async () => {
  const store = new NotingStore();
  await cascade(store).counts([0, 1], [hour, 1]);
  const again = cascade(store);
  assert.deepEqual(await again.counts([hour + minute, 1], [2 * hour, 1]), [
    [hour, 2],
    [2 * hour, 1],
  ]);
  assert.deepEqual(store.reads, [["1m", hour, 2 * hour]]);
});

test("no finer bucket in, no coarse bucket out", async () => {
  assert.deepEqual(await cascade(new NotingStore()).counts(), []);
});

test("buckets beyond the maximum of series are forgotten and read back, up to it they are not", async () => {
  const hours = cascade(new NotingStore(), 2);
  for (const metric of ["a", "b", "a", "b"]) await hours.countsOf(metric, [0, 1], [minute, 1]);
  const before = hours.store.reads.length;
  await hours.countsOf("c", [0, 1]);
  assert.deepEqual(await hours.countsOf("a", [2 * minute, 1]), [[0, 3]]);
  assert.deepEqual(hours.store.reads.slice(before), [["1m", 0, hour]]);
});

/** From minutes to hours. Finer buckets, as start and count, are stored once computed, with a point at the start of each. */
function cascade(store: NotingStore, hotSeriesMax = 100) {
  const table = new SeriesTable();
  const sets = new DerivatorSets(builtInDerivators);
  const hours = new Cascade({ period: periodOf("1h"), finer: periodOf("1m"), table, store, sets, hotSeriesMax });
  const countsOf = async (metric: string, ...finer: readonly (readonly [number, number])[]) => {
    const series = table.intern(metric, {}, "tdouble");
    const states = new StateTable();
    for (const [start, count] of finer) {
      const row = states.append(series.index, start, undefined);
      const values = new Float64Array(count);
      foldFloats(states.floats, row * floatStateWidth, values, values, 0, count);
    }
    const coarse = await hours.compute(states);
    const time = Float64Array.from(finer, ([start]) => start);
    const rows = states.rows(0, states.length, series, sets.of("tdouble"));
    await store.write({
      observations: [{ series, points: { time, values: new Float64Array(time.length) } }],
      states: [{ series, period: "1m", rows }],
    });
    return Array.from({ length: coarse.length }, (_, row) => [coarse.start[row], coarse.floats[row * floatStateWidth]]);
  };
  return { store, countsOf, counts: (...finer: readonly (readonly [number, number])[]) => countsOf("flow", ...finer) };
}
