import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "vitest";
import { periodOf } from "../../../blocks/model/period.ts";
import { SeriesTable } from "../../../blocks/model/series.ts";
import { coalescedRanges } from "../../../blocks/rollup/ranges.ts";

const series = new SeriesTable().intern("flow", {}, "tdouble");
const minute = periodOf("1m");

test("no bucket needs no range", () => {
  assert.deepEqual(coalescedRanges(series, [], minute), []);
});

test("buckets with up to 16 between them are read in one range, with 17 in two", () => {
  const end = 60_000 * (1 + 16);
  assert.deepEqual(coalescedRanges(series, [0, end], minute), [{ series, from: 0, to: end + 60_000 }]);
  assert.deepEqual(coalescedRanges(series, [0, end + 60_000], minute), [
    { series, from: 0, to: 60_000 },
    { series, from: end + 60_000, to: end + 120_000 },
  ]);
});

test("ranges ascend without touching, and cover every bucket from its start to its end", () => {
  fc.assert(
    fc.property(fc.constantFrom("1m", "1d", "1mo"), fc.array(fc.integer({ min: -1e12, max: 1e12 })), (label, times) => {
      const period = periodOf(label);
      const starts = [...new Set(times.map((time) => period.start(time)))].sort((a, b) => a - b);
      const ranges = coalescedRanges(series, starts, period);
      for (const [place, { from, to }] of ranges.entries()) {
        assert.ok(from < to && (place === 0 || (ranges[place - 1]?.to ?? 0) < from));
      }
      for (const start of starts) {
        assert.ok(ranges.some(({ from, to }) => from <= start && period.next(start) <= to));
      }
    }),
  );
});
