import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "vitest";
import {
  floatResult,
  floatResultNames,
  floatStateWidth,
  floatVariance,
  foldFloats,
  mergeFloats,
  seedFloatState,
} from "../../../blocks/derivators/float-state.ts";

const doubles = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 50 });
const tenths = fc.array(fc.integer({ min: -1e9, max: 1e9 }), { minLength: 1, maxLength: 200 });

test("a fold that goes on from a state gives the bits of one fold", () => {
  fc.assert(
    fc.property(doubles, fc.nat(50), (values, at) => {
      const cut = Math.min(at, values.length - 1);
      const parts = new Float64Array(floatStateWidth);
      if (cut > 0) fold(parts, values, 0, cut);
      fold(parts, values, cut, values.length);
      assert.deepEqual(parts, stateOf(values));
    }),
  );
});

test("merged states give count, first, last, min and max of all points, wherever they were cut", () => {
  fc.assert(
    fc.property(doubles, doubles, (earlier, later) => {
      const merged = stateOf(earlier);
      mergeFloats(merged, 0, stateOf(later), 0);
      const whole = stateOf([...earlier, ...later]);
      for (const name of ["count", "first", "min", "max"] as const) {
        // A state knows no index of its points, so their times differ, and zeros compare as numbers.
        assert.ok(floatResult(merged, 0, name) === floatResult(whole, 0, name), name);
      }
      assert.equal(floatResult(merged, 0, "last"), later.at(-1));
    }),
  );
});

test("an empty state changes nothing, on either side of a merge", () => {
  fc.assert(
    fc.property(doubles, (values) => {
      const state = stateOf(values);
      const empty = new Float64Array(floatStateWidth).fill(9);
      seedFloatState(empty, 0);
      mergeFloats(state, 0, empty, 0);
      assert.deepEqual(state, stateOf(values));
      mergeFloats(empty, 0, state, 0);
      assert.deepEqual(empty, state);
    }),
  );
});

test("a sum of tenths is the double nearest to the exact sum, folded or merged", () => {
  fc.assert(
    fc.property(tenths, fc.nat(200), (integers, at) => {
      const values = integers.map((integer) => integer / 2 ** 20 + integer);
      // Whole multiples of 2^-20, whose sum fits into a double.
      const exact = integers.reduce((sum, integer) => sum + integer * (1 + 2 ** 20), 0) / 2 ** 20;
      assert.equal(floatResult(stateOf(values), 0, "sum") + 0, exact + 0);
      const cut = Math.min(at, values.length - 1);
      if (cut === 0) return;
      const merged = stateOf(values.slice(0, cut));
      mergeFloats(merged, 0, stateOf(values.slice(cut)), 0);
      assert.equal(floatResult(merged, 0, "sum") + 0, exact + 0);
    }),
  );
});

test("small values survive beside large ones that cancel out", () => {
  const state = stateOf([1e100, 1, -1e100, 1]);
  assert.equal(floatResult(state, 0, "sum"), 2);
  const merged = stateOf([1e100, 1]);
  mergeFloats(merged, 0, stateOf([-1e100, 1]), 0);
  assert.equal(floatResult(merged, 0, "sum"), 2);
});

test("a sum that overflows is infinite, not a number that is none", () => {
  const state = stateOf([1e308, 1e308, 1]);
  assert.equal(floatResult(state, 0, "sum"), Number.POSITIVE_INFINITY);
  assert.equal(floatResult(state, 0, "s_sum"), Number.POSITIVE_INFINITY);
  mergeFloats(state, 0, stateOf([1]), 0);
  assert.equal(floatResult(state, 0, "sum"), Number.POSITIVE_INFINITY);
  assert.equal(floatResult(stateOf([-1e308, -1e308]), 0, "sum"), Number.NEGATIVE_INFINITY);
});

test("truths are counted as their sum", () => {
  assert.equal(floatResult(stateOf([1, 0, 1, 1]), 0, "true_count"), 3);
});

test("a single point is first, last, smallest and largest, and its own sum", () => {
  const results = floatResultNames.map((name) => floatResult(stateOf([-3]), 0, name));
  assert.deepEqual(results, [1, -3, -3, -3, -3, -3, 9, -3]);
});

test("a state among others leaves its neighbours alone", () => {
  const states = new Float64Array(3 * floatStateWidth).fill(5);
  seedFloatState(states, floatStateWidth);
  foldFloats(states, floatStateWidth, Float64Array.of(7), Float64Array.of(8), 0, 1);
  mergeFloats(states, floatStateWidth, stateOf([1]), 0);
  const five = new Float64Array(floatStateWidth).fill(5);
  assert.deepEqual(states.slice(0, floatStateWidth), five);
  assert.deepEqual(states.slice(2 * floatStateWidth), five);
  assert.equal(floatResult(states, floatStateWidth, "sum"), 9);
});

function stateOf(values: readonly number[]): Float64Array {
  const state = new Float64Array(floatStateWidth);
  fold(state, values, 0, values.length);
  return state;
}

/** The time of each value is its index. */
function fold(state: Float64Array, values: readonly number[], from: number, to: number): void {
  foldFloats(state, 0, Float64Array.from(values.keys()), Float64Array.from(values), from, to);
}

test("the variance of values far from 0 has all its digits, where the difference of rounded sums has none", () => {
  const states = new Float64Array(floatStateWidth);
  const values = Float64Array.from({ length: 1_000 }, (_, index) => 1e9 + (index % 3));
  foldFloats(states, 0, Float64Array.from(values.keys()), values, 0, values.length);
  // 334 times 0, 333 times 1 and 333 times 2.
  const expected = (333 + 4 * 333) / 1_000 - (999 / 1_000) ** 2;
  assert.ok(Math.abs(floatVariance(states) / expected - 1) < 1e-14);
});
