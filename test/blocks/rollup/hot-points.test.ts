import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "vitest";
import { ObservationChunk } from "../../../blocks/model/observation-chunk.ts";
import { SeriesTable } from "../../../blocks/model/series.ts";
import { groupedInKernel } from "../../../blocks/rollup/group-by-series.ts";
import { HotPoints } from "../../../blocks/rollup/hot-points.ts";
import { FoldKernel } from "../../../blocks/rollup/kernel/fold-kernel.ts";
import { Receipt } from "../../../runtime/receipt.ts";

const points = (...times: number[]) => ({ time: Float64Array.from(times), values: Float64Array.from(times) });
const rows = (...times: number[]) => ({ ...points(...times), from: 0, to: times.length });

function kept(hot: HotPoints, series: number) {
  const length = hot.length(series);
  const columns = points(...new Array<number>(length + 1).fill(-1));
  hot.copyTo(series, columns, 1);
  return { time: columns.time.subarray(1), values: columns.values.subarray(1) };
}

test("points from the given time on are kept, as copies", () => {
  const hot = new HotPoints(100);
  const given = rows(1, 2, 3);
  hot.keep(7, given, 2);
  given.values[1] = 99;
  assert.deepEqual([kept(hot, 7), hot.since(7), hot.has(7)], [points(2, 3), 2, true]);
  assert.deepEqual([kept(hot, 6), hot.since(6), hot.has(6)], [points(), Number.POSITIVE_INFINITY, false]);
});

test("what is kept again takes the place of what was kept, longer or shorter", () => {
  const hot = new HotPoints(100);
  hot.keep(0, rows(1), 0);
  hot.keep(0, rows(1, 2, 3, 4, 5), 0);
  assert.deepEqual(kept(hot, 0), points(1, 2, 3, 4, 5));
  hot.keep(0, rows(4, 5, 6), 5);
  assert.deepEqual(kept(hot, 0), points(5, 6));
  hot.keep(0, rows(6), 7);
  assert.equal(hot.has(0), false);
});

test("a series with more than 1,024 points is not kept, up to them it is", () => {
  const hot = new HotPoints(10_000);
  const times = Array.from({ length: 1_025 }, (_, time) => time);
  hot.keep(0, rows(...times), 1);
  assert.equal(hot.length(0), 1_024);
  hot.keep(0, rows(...times), 0);
  assert.equal(hot.has(0), false);
});

test("everything is forgotten beyond the maximum, and nothing at it", () => {
  const hot = new HotPoints(3);
  hot.keep(0, rows(1, 2), 0);
  hot.keep(1, rows(1), 0);
  hot.keep(1, rows(2), 0);
  hot.evict();
  assert.deepEqual([hot.has(0), hot.has(1)], [true, true]);
  hot.keep(1, rows(2, 3), 0);
  hot.evict();
  assert.deepEqual([hot.has(0), hot.has(1)], [false, false]);
});

const seriesMax = 100;

/** Of some series so many rows come; then so many are kept, or what was kept is left as it is. */
const batches = fc.array(
  fc.uniqueArray(
    fc.record({
      series: fc.nat(seriesMax - 1),
      count: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 50, max: 150 }), fc.constantFrom(1_024, 1_025)),
      kept: fc.option(fc.oneof(fc.nat(3), fc.nat(200), fc.constantFrom(1_024, 1_025))),
    }),
    { selector: ({ series }) => series, minLength: 1, maxLength: seriesMax, size: "max" },
  ),
  { maxLength: 5, size: "max" },
);

test("what a kernel gives of many series at once, and takes, is what is kept of each by itself", () => {
  const kernel = FoldKernel.open() ?? assert.fail();
  fc.assert(
    fc.property(batches, (given) => {
      const table = new SeriesTable();
      for (let series = 0; series < seriesMax; series += 1) table.intern(`m${series}`, {}, "tdouble");
      const together = new HotPoints(1_000_000);
      const alone = new HotPoints(1_000_000);
      const clocks = new Array<number>(seriesMax).fill(0);
      for (const batch of given) {
        const came = batch.flatMap(({ series, count }) =>
          Array.from({ length: count }, () => {
            const time = clocks[series] ?? assert.fail();
            clocks[series] = time + 1;
            return { series, time };
          }),
        );
        kernel.begin(table, { rows: came.length, groups: batch.length, known: together.longest });
        kernel.add(chunkOf(table, came));
        const groups = groupedInKernel(kernel, together);
        groups.orderUntil(groups.length);
        const inOrder = batch.toSorted((a, b) => a.series - b.series);
        inOrder.forEach(({ series, count, kept: wanted }, place) => {
          const to = clocks[series] ?? assert.fail();
          const came = Array.from({ length: count }, (_, row) => to - count + row);
          const all = rows(...kept(alone, series).time, ...came);
          const { time, values, from, to: end } = groups.all(place);
          assert.deepEqual([time.slice(from, end), values.slice(from, end)], [all.time, all.values]);
          kernel.sinces[place] = wanted === null ? Number.POSITIVE_INFINITY : to - wanted;
          if (wanted !== null) alone.keep(series, all, to - wanted);
        });
        together.keepFromKernel(kernel, 0, groups.length);
        for (let series = 0; series < seriesMax; series += 1) {
          assert.deepEqual(kept(together, series), kept(alone, series));
          assert.equal(together.since(series), alone.since(series));
        }
        assert.equal(together.longest, alone.longest);
      }
    }),
    { numRuns: 30 },
  );
});

function chunkOf(table: SeriesTable, came: readonly { series: number; time: number }[]): ObservationChunk {
  const columns = {
    series: Uint32Array.from(came, ({ series }) => series),
    ...points(...came.map(({ time }) => time)),
  };
  return new ObservationChunk(table, "float", came.length, columns, new Receipt(came.length, ignore, ignore));
}

function ignore(): void {}
