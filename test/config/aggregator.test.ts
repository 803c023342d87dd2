import assert from "node:assert/strict";
import { test } from "vitest";
import { checkAggregators, parseAggregator } from "../../config/aggregator.ts";

const faulty = (...labels: string[]) => checkAggregators(labels).map(({ index }) => index);

test("an aggregator is a count and a unit", () => {
  assert.deepEqual(parseAggregator("1m"), { label: "1m", count: 1, unit: "m" });
  assert.deepEqual(parseAggregator("15s"), { label: "15s", count: 15, unit: "s" });
  assert.deepEqual(parseAggregator("1mo"), { label: "1mo", count: 1, unit: "mo" });
  assert.equal(parseAggregator("99999d")?.count, 99_999);
});

test("weeks, zeros, spaces and other spellings are no aggregators", () => {
  for (const label of ["1w", "0m", "01m", "1 m", "m", "1", "1M", "-1m", "1.5h", "100000d"]) {
    assert.equal(parseAggregator(label), undefined, label);
  }
});

test("aggregators ascend, and each finer one divides the next", () => {
  assert.deepEqual(faulty("1m", "1h", "1d", "1mo"), []);
  assert.deepEqual(faulty("30s", "90s", "36h", "3d"), []);
  assert.deepEqual(faulty("7m", "1h"), [1]);
  assert.deepEqual(faulty("1h", "1m"), [1]);
  assert.deepEqual(faulty("24h", "1d"), [1]);
  assert.deepEqual(faulty("1mo", "40d"), [1]);
  assert.deepEqual(faulty("1m", "1w", "1h", "1h"), [1, 3]);
});

test("only what divides a day divides a month", () => {
  assert.deepEqual(faulty("1d", "1mo", "3mo", "12mo"), []);
  assert.deepEqual(faulty("8h", "1mo"), []);
  assert.deepEqual(faulty("2d", "1mo"), [1]);
  assert.deepEqual(faulty("40d", "1mo"), [1]);
  assert.deepEqual(faulty("5h", "1mo"), [1]);
  assert.deepEqual(faulty("2mo", "3mo"), [1]);
});
