import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "vitest";
import type { Aggregation } from "../../../blocks/model/aggregation.ts";
import { casesMax, rollupCases } from "./rollup-case.ts";
import { DuckDbRollup, type ReferenceBucket } from "./duckdb-rollup.ts";
import { roughRun } from "./rollup-run.ts";
import { storedAggregations } from "./stored-aggregations.ts";

test("rollups equal those of DuckDB over the set of observations, sums of floats to 12 digits and all else exactly", async () => {
  const reference = await DuckDbRollup.open();
  await fc.assert(
    fc.asyncProperty(rollupCases({ doubleMax: 1e100 }), async (given) => {
      const store = await roughRun(given);
      await reference.load(given.entries);
      for (const label of given.labels) {
        const expected = await reference.buckets(label);
        const actual = await storedAggregations(store, label);
        assert.equal(actual.size, expected.length);
        for (const bucket of expected) {
          assertEqualTo(bucket, actual.get(`${bucket.metric} ${bucket.bucket}`) ?? []);
        }
      }
    }),
    { numRuns: casesMax },
  );
});

function assertEqualTo(expected: ReferenceBucket, actual: readonly Aggregation[]): void {
  const found = new Map(actual.map(({ derivator, value }) => [derivator, value]));
  assert.equal(found.get("count"), expected.count);
  assertSame(found.get("first"), expected.first);
  assertSame(found.get("last"), expected.last);
  if (found.has("min")) assertSame(found.get("min"), expected.min);
  if (found.has("max")) assertSame(found.get("max"), expected.max);
  if (found.has("true_count")) assert.equal(found.get("true_count"), expected.sum);
  if (found.has("sum")) assertClose(found.get("sum"), expected.sum, expected.size);
  if (found.has("s_sum")) assertClose(found.get("s_sum"), expected.squares, expected.squaresSize);
  const wanted = { tdouble: 7, tlong: 7, tbool: 4, ttext: 3, pos2d: 3, tbinary: 3 }[actual[0]?.series.type as "tlong"];
  assert.equal(found.size, wanted);
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
