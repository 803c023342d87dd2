import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "vitest";
import { RowOrder } from "../../../blocks/rollup/row-order.ts";

const order = new RowOrder();

test("rows in order stand as they are, also where there are none", () => {
  for (const times of [[], [1], [1, 2, 9]]) assert.equal(sort(times), -1);
});

test.each([
  ["a few late rows", 40],
  ["more late rows than are inserted one by one", 600],
])("of %s those stand that a map would keep, in order of time", (_what, maxLength) => {
  const times = fc.array(fc.integer({ min: -20, max: 20 + maxLength }), { minLength: 2, maxLength });
  fc.assert(
    fc.property(times, (given) => {
      const last = new Map(given.map((time, row) => [time, row]));
      const expected = [...last].sort(([a], [b]) => a - b).map(([, row]) => row);
      const standing = sort(given);
      const actual = standing < 0 ? given.map((_, row) => row) : [...order.rows.subarray(0, standing)];
      assert.deepEqual(actual, expected);
      if (standing >= 0) assert.equal(order.oldest, Math.min(...given));
    }),
  );
});

test("a row that repeats the last of those in order is late", () => {
  assert.equal(sort([1, 2, 2], 2), 2);
  assert.deepEqual([...order.rows.subarray(0, 2)], [0, 2]);
});

test("the oldest of the rows that may be late is known, be it late or not", () => {
  sort([1, 5, 3, 9], 2);
  assert.equal(order.oldest, 3);
  sort([1, 5, 6, 6], 2);
  assert.equal(order.oldest, 6);
});

/** In a column with rows of others around them. */
function sort(times: readonly number[], from = 0): number {
  return order.sort(Float64Array.of(99, ...times, -99), 1, 1 + times.length, 1 + from);
}
