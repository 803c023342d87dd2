import assert from "node:assert/strict";
import { test } from "vitest";
import { HotPoints } from "../../../blocks/rollup/hot-points.ts";

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
