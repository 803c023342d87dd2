import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "vitest";
import type { Points } from "../../../blocks/model/columns.ts";
import { joinedPoints, lowerBound, mergePoints } from "../../../blocks/rollup/merge-points.ts";

const points = fc
  .uniqueArray(fc.tuple(fc.integer({ min: -9, max: 9 }), fc.nat(99)), { selector: ([time]) => time })
  .map((rows) => rows.sort(([a], [b]) => a - b));

const columns = {
  float: (rows: readonly number[]) => Float64Array.from(rows),
  long: (rows: readonly number[]) => BigInt64Array.from(rows, BigInt),
  boxed: (rows: readonly number[]) => rows.map(String),
};

test.each(["float", "long", "boxed"] as const)(
  "merged points of layout %s are ascending, the newer standing",
  (layout) => {
    const pointsOf = (rows: readonly (readonly [number, number])[]): Points => ({
      time: Float64Array.from(rows, ([time]) => time),
      values: columns[layout](rows.map(([, value]) => value)),
    });
    fc.assert(
      fc.property(points, points, (older, newer) => {
        const expected = [...new Map([...older, ...newer])].sort(([a], [b]) => a - b);
        assert.deepEqual(mergePoints(pointsOf(older), pointsOf(newer)), pointsOf(expected));
      }),
    );
  },
);

test("joined points are all parts in a row, and a single part is itself", () => {
  const first = { time: Float64Array.of(1, 2), values: BigInt64Array.of(1n, 2n) };
  const second = { time: Float64Array.of(5), values: BigInt64Array.of(5n) };
  const none = { time: Float64Array.of(), values: BigInt64Array.of() };
  assert.equal(joinedPoints([first]), first);
  const all = { time: Float64Array.of(1, 2, 5), values: BigInt64Array.of(1n, 2n, 5n) };
  assert.deepEqual(joinedPoints([first, none, second]), all);
});

test("the lower bound is the first row that is not below, from both sides", () => {
  const column = Float64Array.of(1, 3, 3, 5);
  const bounds = [0, 1, 2, 3, 4, 5, 6].map((time) => lowerBound(column, time));
  assert.deepEqual(bounds, [0, 0, 1, 1, 3, 3, 4]);
  assert.deepEqual([lowerBound(column, 1, 2), lowerBound(column, 9, 0, 2)], [2, 2]);
});
