import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "vitest";
import type { Store } from "../../../blocks/model/store.ts";
import { MemoryStore } from "../../../connectors/memory/store.ts";
import { losses, type RollupCase, rollupCases, runsOf } from "../rollup/rollup-case.ts";
import { keysOf, type NamedLate, quietRun, roughRun, soundParts } from "../rollup/rollup-run.ts";
import { storedTable } from "../rollup/stored-table.ts";

/** Derivators that share a state are named together: one of them alone brings the state of all. */
const lateNames = [
  ["trail"],
  ["coverage", "trail"],
  ["increase", "rate", "distinct"],
  ["p50", "p90", "p99", "histogram"],
  ["time_weighted_mean"],
];

/** Within some weeks, as a range is walked in windows: the leap day, a month and a day on which clocks change in Brussels. */
const near = ["2024-02-29", "2024-03-01", "2024-03-31T01:00Z", "2024-04-01"].map((text) => Date.parse(text));

const late: fc.Arbitrary<NamedLate> = fc.record({
  names: fc.constantFrom(...lateNames),
  step: fc.integer({ min: 0, max: 6 }),
  pointsMax: fc.constantFrom(1, 2, 3, 7, 1_000),
  loses: fc.constantFrom(...losses),
});

test("a backfill in pieces, amid late points, corrections, kills and deletions, leaves the table of a run that had the derivators from the beginning", async () => {
  await fc.assert(
    fc.asyncProperty(rollupCases({ near }), late, async (given, named) => {
      const { store, left } = await roughRun(given, soundParts, new MemoryStore(), named);
      assert.deepEqual(await tableOf(store, given), await tableOf(await quietRun(given, left), given));
    }),
    runsOf(2),
  );
});

function tableOf(store: Store, given: RollupCase): Promise<string[]> {
  return storedTable(store, keysOf(given));
}
