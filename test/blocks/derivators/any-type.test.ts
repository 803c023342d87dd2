import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "vitest";
import { anyCount, anyFirst, anyLast } from "../../../blocks/derivators/any-type.ts";

const values: fc.Arbitrary<unknown> = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.string({ unit: "binary" }),
  fc.uint8Array(),
  fc.jsonValue(),
  // Looks like the wrapping of an integer and of bytes.
  fc.constantFrom({ long: "1" }, { binary: "AA==" }, { json: 1 }, null, "", "\ufeff"),
);

test("first and last of any value come back from the store as they were", () => {
  fc.assert(
    fc.property(fc.integer(), values, (time, value) => {
      for (const derivator of [anyFirst, anyLast]) {
        const state = derivator.add(derivator.seed(), { time: Float64Array.of(time), values: [value] }, 0, 1);
        const bytes = derivator.encode(state);
        const stored = derivator.decode(bytes);
        assert.deepEqual(derivator.encode(stored), bytes);
        // JSON has one zero.
        assert.deepEqual(withoutMinus(derivator.result(stored)), withoutMinus({ datetime: time, value }));
      }
    }),
  );
});

test("first keeps the earliest of rows and parts, last the latest", () => {
  const points = { time: Float64Array.of(1, 2, 3, 4), values: ["a", "b", "c", "d"] };
  const ends = ([from, to]: readonly [number, number]) =>
    [anyFirst, anyLast].map((derivator) => derivator.add(derivator.seed(), points, from, to));
  const [first, last] = ends([1, 3]);
  assert.deepEqual(anyFirst.result(first), { datetime: 2, value: "b" });
  assert.deepEqual(anyLast.result(last), { datetime: 3, value: "c" });
  assert.deepEqual(anyFirst.result(anyFirst.add(first, points, 3, 4)), { datetime: 2, value: "b" });
  assert.deepEqual(anyLast.result(anyLast.add(last, points, 3, 4)), { datetime: 4, value: "d" });
  const [laterFirst, laterLast] = ends([3, 4]);
  assert.deepEqual(anyFirst.result(anyFirst.merge(first, laterFirst)), { datetime: 2, value: "b" });
  assert.deepEqual(anyLast.result(anyLast.merge(last, laterLast)), { datetime: 4, value: "d" });
});

test("an empty part changes nothing, and is nothing by itself", () => {
  for (const derivator of [anyFirst, anyLast]) {
    const empty = derivator.decode(derivator.encode(derivator.seed()));
    const state = derivator.add(empty, { time: Float64Array.of(7), values: ["x"] }, 0, 1);
    assert.equal(derivator.result(empty), undefined);
    assert.deepEqual(derivator.merge(state, empty), state);
    assert.deepEqual(derivator.merge(empty, state), state);
  }
  assert.equal(anyCount.result(anyCount.seed()), undefined);
});

test("count adds rows and parts, and comes back from the store", () => {
  const points = { time: Float64Array.of(1, 2, 3), values: ["a", "b", "c"] };
  const state = anyCount.merge(anyCount.add(anyCount.seed(), points, 0, 2), anyCount.add(0, points, 2, 3));
  assert.equal(anyCount.result(anyCount.decode(anyCount.encode(state))), 3);
});

test("they serve the types that have no float state", () => {
  for (const derivator of [anyCount, anyFirst, anyLast]) {
    const applies = ["tdouble", "tbool", "tlong", "ttext", "tbinary", "pos2d", "plugin-type"].map(derivator.appliesTo);
    assert.deepEqual(applies, [false, false, true, true, true, true, true]);
  }
});

function withoutMinus(value: unknown): unknown {
  if (Object.is(value, -0)) return 0;
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(withoutMinus);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutMinus(inner)]));
}
