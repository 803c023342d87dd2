import assert from "node:assert/strict";
import { test } from "vitest";
import { builtInDerivators } from "../../../blocks/derivators/catalogue.ts";
import { ChunkBuilder } from "../../../blocks/model/chunk-builder.ts";
import { periodOf } from "../../../blocks/model/period.ts";
import { SeriesTable } from "../../../blocks/model/series.ts";
import type { SeriesRange } from "../../../blocks/model/store.ts";
import { DerivatorSets } from "../../../blocks/rollup/derivator-set.ts";
import { Recorder, type Recording } from "../../../blocks/rollup/recorder.ts";
import { MemoryStore } from "../../../connectors/memory/store.ts";
import { Receipt } from "../../../runtime/receipt.ts";
import { batchOf } from "./row-batch.ts";

const minute = 60_000;

/** A memory store that notes what is asked of it. */
class NotingStore extends MemoryStore {
  readonly ranges: [number, number][] = [];
  newestAsked = 0;

  override async readObservations(ranges: readonly SeriesRange[]) {
    for (const { from, to } of ranges) this.ranges.push([from, to]);
    return super.readObservations(ranges);
  }

  override async newest(series: Parameters<MemoryStore["newest"]>[0]) {
    this.newestAsked += series.length;
    return super.newest(series);
  }
}

test("points of one minute share its bucket from its first millisecond to its last", async () => {
  // TSorage, whose buckets are (start, end], puts the second one into 12:34 and the third into 12:35.
  const times = ["12:33:59.999", "12:34:00.000", "12:34:00.001", "12:34:59.999", "12:35:00.000"];
  const recorded = await recording(new NotingStore()).record(times.map((time) => Date.parse(`2019-11-11T${time}Z`)));
  assert.deepEqual(bucketsOf(recorded), [
    ["2019-11-11T12:33:00.000Z", 1],
    ["2019-11-11T12:34:00.000Z", 3],
    ["2019-11-11T12:35:00.000Z", 1],
  ]);
});

test("buckets before 1970 begin at their earlier end", async () => {
  const recorded = await recording(new NotingStore()).record([-minute - 1, -minute, -1, 0]);
  assert.deepEqual(bucketsOf(recorded), [
    ["1969-12-31T23:58:00.000Z", 1],
    ["1969-12-31T23:59:00.000Z", 2],
    ["1970-01-01T00:00:00.000Z", 1],
  ]);
});

test("points that follow in time are folded without reading back", async () => {
  const store = new NotingStore();
  const recorder = recording(store);
  await recorder.record([0, 1]);
  assert.deepEqual(bucketsOf(await recorder.record([2, minute])), [
    ["1970-01-01T00:00:00.000Z", 3],
    ["1970-01-01T00:01:00.000Z", 1],
  ]);
  assert.deepEqual([store.ranges, store.newestAsked], [[], 1]);
});

test("a late point reads back its bucket and no other", async () => {
  const store = new NotingStore();
  const recorder = recording(store);
  await recorder.record([0, 5 * minute, 9 * minute]);
  assert.deepEqual(bucketsOf(await recorder.record([5 * minute + 1])), [["1970-01-01T00:05:00.000Z", 2]]);
  assert.deepEqual(store.ranges, [[5 * minute, 6 * minute]]);
});

test("a series that gets late points has those of its last two buckets in memory, and older ones are read back", async () => {
  const store = new NotingStore();
  const recorder = recording(store);
  await recorder.record([1, 0, minute, 2 * minute]);
  assert.deepEqual(bucketsOf(await recorder.record([2 * minute + 1, minute + 1])), [
    ["1970-01-01T00:01:00.000Z", 2],
    ["1970-01-01T00:02:00.000Z", 2],
  ]);
  assert.deepEqual(bucketsOf(await recorder.record([minute + 1, minute + 2])), [
    ["1970-01-01T00:01:00.000Z", 3],
    ["1970-01-01T00:02:00.000Z", 2],
  ]);
  assert.deepEqual(store.ranges, []);
  assert.deepEqual(bucketsOf(await recorder.record([2]))[0], ["1970-01-01T00:00:00.000Z", 3]);
  assert.deepEqual(store.ranges, [[0, 3 * minute]]);
});

test("more raw points than 16 for each of the most series are forgotten, and read back", async () => {
  const store = new NotingStore();
  const recorder = recording(store, 1);
  await recorder.record([1, 0, ...Array.from({ length: 15 }, (_, row) => 2 + row)]);
  assert.deepEqual(bucketsOf(await recorder.record([3])), [["1970-01-01T00:00:00.000Z", 17]]);
  assert.deepEqual(store.ranges, [[0, minute]]);
});

test("a repeat at the newest timestamp is counted once", async () => {
  const recorder = recording(new NotingStore());
  await recorder.record([0, 1]);
  assert.deepEqual(bucketsOf(await recorder.record([1, 2])), [["1970-01-01T00:00:00.000Z", 3]]);
});

test("a recorder started again reads the newest bucket back once, and older ones not", async () => {
  const store = new NotingStore();
  await recording(store).record([0, minute]);
  const again = recording(store);
  assert.deepEqual(bucketsOf(await again.record([minute + 1])), [["1970-01-01T00:01:00.000Z", 2]]);
  await again.record([minute + 2, 2 * minute]);
  assert.deepEqual([store.ranges, store.newestAsked], [[[minute, 2 * minute]], 2]);
});

test("series beyond the maximum are forgotten and read back, up to it they are not", async () => {
  const store = new NotingStore();
  const recorder = recording(store, 2);
  for (const metric of ["a", "b", "a", "b"]) await recorder.record([0, 1], metric);
  assert.equal(store.newestAsked, 2);
  await recorder.record([0], "c");
  assert.equal(store.newestAsked, 3);
  await recorder.record([2], "a");
  assert.equal(store.newestAsked, 4);
  assert.deepEqual(bucketsOf(await recorder.record([3], "b")), [["1970-01-01T00:00:00.000Z", 3]]);
});

test.each([
  ["in JavaScript", Number.POSITIVE_INFINITY],
  ["by the compiled kernel", 0],
])(
  "of many series, folded %s, some are read back among others that are not, in their order",
  async (_how, kernelRows) => {
    const store = new NotingStore();
    const table = new SeriesTable();
    const sets = new DerivatorSets(builtInDerivators);
    const parts = { table, store, period: periodOf("1m"), sets, hotSeriesMax: 1_000, kernelRows };
    const recorder = new Recorder(parts);
    const count = 300;
    const all = Array.from({ length: count }, (_, index) => table.intern(`m${index}`, {}, "tdouble"));
    const readBack = new Set([100, 101, 190, 299]);
    let recorded: Recording | undefined;
    for (const [batch, time] of [0, 10 * minute, 20 * minute].entries()) {
      const builder = new ChunkBuilder(table);
      for (const series of all) {
        builder.add(series, time, 1);
        if (batch === 2 && readBack.has(series.index)) builder.add(series, 1, 2);
      }
      recorded = await recorder.record(batchOf(recorder, builder.build(new Receipt(count, ignore, ignore))));
      await recorded.written;
    }
    const { states } = recorded ?? assert.fail();
    const width = states.floats.length / states.start.length;
    assert.deepEqual(
      Array.from({ length: states.length }, (_, row) => [
        states.series[row],
        states.start[row],
        states.floats[row * width],
      ]),
      all.flatMap(({ index }) => [...(readBack.has(index) ? [[index, 0, 2]] : []), [index, 20 * minute, 1]]),
    );
    assert.deepEqual(
      store.ranges,
      [...readBack].map(() => [0, minute]),
    );
  },
);

test("what was touched are the timestamps of each series, ascending and once", async () => {
  const { touched } = await recording(new NotingStore()).record([5, 1, 5, 3]);
  assert.deepEqual(touched, [{ series: 0, time: Float64Array.of(1, 3, 5) }]);
});

test("an empty recording writes nothing and asks nothing", async () => {
  const store = new NotingStore();
  const { states, touched } = await recording(store).record([]);
  assert.deepEqual([states.length, touched, store.newestAsked, store.ranges], [0, [], 0, []]);
});

function recording(store: MemoryStore, hotSeriesMax = 100) {
  const table = new SeriesTable();
  const sets = new DerivatorSets(builtInDerivators);
  const recorder = new Recorder({ table, store, period: periodOf("1m"), sets, hotSeriesMax });
  return {
    async record(times: readonly number[], metric = "flow"): Promise<Recording> {
      const builder = new ChunkBuilder(table);
      for (const time of times) builder.add(table.intern(metric, {}, "tdouble"), time, 1);
      const recorded = await recorder.record(
        batchOf(recorder, builder.build(new Receipt(times.length, ignore, ignore))),
      );
      await recorded.written;
      return recorded;
    },
  };
}

/** Start and count of each bucket. */
function bucketsOf({ states }: Recording): [string, number][] {
  return Array.from({ length: states.length }, (_, row) => {
    const count = states.floats[(row * states.floats.length) / states.start.length] ?? Number.NaN;
    return [new Date(states.start[row] ?? Number.NaN).toISOString(), count];
  });
}

function ignore(): void {}
