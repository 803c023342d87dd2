import assert from "node:assert/strict";
import { test } from "vitest";
import { floatStateWidth } from "../../../blocks/derivators/float-state.ts";
import { HotStates } from "../../../blocks/rollup/hot-states.ts";
import { StateTable } from "../../../blocks/rollup/state-table.ts";

test("a series is unknown until its newest timestamp was learned, also where it has none", () => {
  const hot = new HotStates(10);
  assert.equal(hot.knowsNewest(3), false);
  hot.learnNewest(3, Number.NEGATIVE_INFINITY);
  assert.deepEqual([hot.knowsNewest(3), hot.newest(3), hot.knowsNewest(2)], [true, Number.NEGATIVE_INFINITY, false]);
});

test("the newest timestamp only moves forward", () => {
  const hot = new HotStates(10);
  hot.learnNewest(0, 5);
  hot.sawUntil(0, 4);
  assert.equal(hot.newest(0), 5);
  hot.sawUntil(0, 6);
  assert.equal(hot.newest(0), 6);
});

test("what is kept of a series outlives the growth for others", () => {
  const hot = new HotStates(1_000_000);
  const states = new StateTable();
  const row = states.append(0, 60_000, ["state"]);
  states.floats.fill(7, 0, floatStateWidth);
  hot.learnNewest(0, 61_000);
  hot.keep(0, 60_000, states, row);
  hot.learnNewest(5_000, 1);
  const floats = new Float64Array(floatStateWidth);
  hot.copyFloats(0, floats, 0);
  assert.deepEqual([hot.newest(0), hot.bucket(0), hot.others(0)], [61_000, 60_000, ["state"]]);
  assert.deepEqual(floats, new Float64Array(floatStateWidth).fill(7));
  assert.ok(Number.isNaN(hot.bucket(5_000)));
});

test("everything is forgotten beyond the maximum, and nothing at it", () => {
  const hot = new HotStates(2);
  hot.learnNewest(0, 1);
  hot.learnNewest(1, 1);
  hot.evict();
  assert.deepEqual([hot.knowsNewest(0), hot.knowsNewest(1)], [true, true]);
  hot.learnNewest(2, 1);
  hot.evict();
  assert.deepEqual([hot.knowsNewest(0), hot.knowsNewest(1), hot.knowsNewest(2)], [false, false, false]);
  assert.ok(Number.isNaN(hot.bucket(0)));
});

test("buckets of many series are kept, each with its state, except where a series has points behind its bucket", () => {
  const hot = new HotStates(100);
  // Most of them follow each other as they became known, some do not.
  const known = [20, 21, 22, 23, 24, 25, 26, 3, 28, 27, 1];
  for (const series of known) hot.learnNewest(series, series === 23 || series === 28 ? 120_000 : 119_999);
  const series = Uint32Array.from([99, ...known.toSorted((a, b) => a - b)]);
  const starts = Float64Array.from(series, () => 60_000);
  const floats = Float64Array.from({ length: series.length * floatStateWidth }, (_, number) => number);
  hot.keepAllFloats(series, 1, series.length, 60_000, starts, floats);
  const copied = new Float64Array(floats.length);
  hot.copyAllFloats(series, 1, series.length, copied);
  for (const [place, one] of series.entries()) {
    const from = place * floatStateWidth;
    const state = (of: Float64Array) => of.slice(from, from + floatStateWidth);
    const isKept = place > 0 && one !== 23 && one !== 28;
    assert.equal(hot.bucket(one), isKept ? 60_000 : Number.NaN);
    if (isKept) assert.deepEqual(state(copied), state(floats));
  }
});
