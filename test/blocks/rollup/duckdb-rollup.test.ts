import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "vitest";
import type { Aggregation } from "../../../blocks/model/aggregation.ts";
import { bucketRules, utcRules } from "../../../blocks/model/bucket-rules.ts";
import { type Period, periodOf } from "../../../blocks/model/period.ts";
import { borders, runsOf, rollupCases } from "./rollup-case.ts";
import { DuckDbRollup, type ReferenceBucket } from "./duckdb-rollup.ts";
import { roughRun } from "./rollup-run.ts";
import { storedAggregations } from "./stored-aggregations.ts";

const zones = [
  utcRules,
  bucketRules("UTC", "end"),
  bucketRules("Europe/Brussels", "start"),
  bucketRules("Europe/Brussels", "end"),
  bucketRules("Asia/Kathmandu", "end"),
  bucketRules("America/New_York", "start"),
];
/** DuckDB's zones have another calendar in the first centuries. */
const near = borders.slice(1);

test("rollups equal those of DuckDB over the set of observations, sums of floats to 12 digits and all else exactly", async () => {
  const reference = await DuckDbRollup.open();
  await fc.assert(
    fc.asyncProperty(rollupCases({ doubleMax: 1e100, zones, near }), async (given) => {
      const { store, left } = await roughRun(given);
      await reference.load(left);
      for (const label of given.labels) {
        const expected = await reference.buckets(label, given.rules);
        const actual = await storedAggregations(store, periodOf(label, given.rules));
        assert.equal(actual.size, expected.length);
        for (const bucket of expected) {
          assertEqualTo(bucket, actual.get(`${bucket.metric} ${bucket.bucket}`) ?? [], periodOf(label, given.rules));
        }
      }
    }),
    runsOf(1),
  );
});

function assertEqualTo(expected: ReferenceBucket, actual: readonly Aggregation[], period: Period): void {
  const found = new Map(actual.map(({ derivator, value }) => [derivator, value]));
  assert.equal(found.get("count"), expected.count);
  assertSame(found.get("first"), expected.first);
  assertSame(found.get("last"), expected.last);
  if (found.has("min")) assertSame(found.get("min"), expected.min);
  if (found.has("max")) assertSame(found.get("max"), expected.max);
  if (found.has("true_count")) assert.equal(found.get("true_count"), expected.sum);
  if (found.has("sum")) assertClose(found.get("sum"), expected.sum, expected.size);
  if (found.has("s_sum")) assertClose(found.get("s_sum"), expected.squares, expected.squaresSize);
  assert.equal(found.get("distinct"), expected.distinct);
  const start = period.start(expected.bucket);
  assert.equal(found.get("coverage"), Math.min(1, (expected.minutes * 60_000) / (period.next(start) - start)));
  const { type } = (actual[0] as Aggregation).series;
  if (type === "tdouble" || type === "tlong") assertNamed(expected, found);
  // A single point has no increase and no rate.
  const alone = expected.count === 1 ? 2 : 0;
  const wanted = { tdouble: 16 - alone, tlong: 16 - alone, tbool: 7, ttext: 5, pos2d: 10, tbinary: 5 }[type as "tlong"];
  assert.equal(found.size, wanted);
}

function assertNamed(expected: ReferenceBucket, found: ReadonlyMap<string, unknown>): void {
  const { ms, size, sorted = [], count } = expected;
  if (count > 1) {
    const rate = (Number(expected.increase) / Number(ms)) * 1_000;
    assertClose(found.get("increase"), expected.increase, 2 * (size ?? 0));
    assertClose(
      found.get("rate"),
      rate,
      typeof sorted[0] === "bigint" ? Math.abs(rate) : (2_000 * (size ?? 0)) / Number(ms),
    );
    assertClose(found.get("time_weighted_mean"), Number(expected.area) / Number(ms), size ?? 2 ** 63);
  }
  for (const [name, share] of [
    ["p50", 0.5],
    ["p90", 0.9],
    ["p99", 0.99],
  ] as const) {
    // Doubles that are far below the largest are counted as one.
    const exact = Number(sorted[Math.floor(share * (count - 1))]);
    const floor = 1e-16 * Math.max(...sorted.map((value) => Math.abs(Number(value))));
    const off = Math.abs(Number(found.get(name)) - exact);
    assert.ok(off <= 0.010001 * Math.abs(exact) + floor, `${name} ${found.get(name)} is not ${exact}`);
  }
}

/** Dated values without their date; JSON where the reference has text. */
function assertSame(actual: unknown, expected: unknown): void {
  const value = isDated(actual) ? actual.value : actual;
  if (typeof value === "object" || typeof value === "string") assert.equal(JSON.stringify(value), expected);
  else if (typeof value === "boolean") assert.equal(Number(value), expected);
  // As numbers: DuckDB has one zero.
  else assert.ok(value === expected, `${value} is not ${expected}`);
}

function assertClose(actual: unknown, expected: unknown, size: number | undefined): void {
  if (typeof actual === "bigint") assert.equal(actual, expected);
  else assert.ok(Math.abs(Number(actual) - Number(expected)) <= 1e-12 * (size ?? 0), `${actual} is not ${expected}`);
}

function isDated(value: unknown): value is { datetime: number; value: unknown } {
  return typeof value === "object" && value !== null && "datetime" in value;
}
