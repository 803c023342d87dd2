import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "vitest";
import { builtInDerivators } from "../../../blocks/derivators/catalogue.ts";
import type { Store } from "../../../blocks/model/store.ts";
import { openEmbeddedStore } from "../../../connectors/embedded/embedded-store.ts";
import { MemoryStore } from "../../../connectors/memory/store.ts";
import { temporaryFolder } from "../../connectors/embedded/temporary-folder.ts";
import { type RollupCase, rollupCases, runsOf } from "./rollup-case.ts";
import { keysOf, quietRun, roughRun, soundParts } from "./rollup-run.ts";
import { storedTable } from "./stored-table.ts";

test("any order, repeats, corrections, flushes, evictions, kills and deletions leave the table of one quiet run, bit for bit", async () => {
  await fc.assert(
    fc.asyncProperty(rollupCases(), async (given) => {
      const { store, left } = await roughRun(given);
      assert.deepEqual(await tableOf(store, given), await tableOf(await quietRun(given, left), given));
    }),
    runsOf(2),
  );
});

test("the compiled kernel leaves the table of a quiet run without it", async () => {
  // Nothing but float states for what the kernel folds.
  const plain = { ...soundParts, derivators: builtInDerivators, kernelRows: Number.POSITIVE_INFINITY };
  await fc.assert(
    fc.asyncProperty(rollupCases(), async (given) => {
      const { store, left } = await roughRun(given, { ...plain, kernelRows: 0 });
      assert.deepEqual(await tableOf(store, given), await tableOf(await quietRun(given, left, plain), given));
    }),
    runsOf(1),
  );
});

test("batches that are recorded in parts of one series or two leave the table of a quiet run", async () => {
  await fc.assert(
    fc.asyncProperty(
      rollupCases(),
      fc.constantFrom(1, 2),
      fc.constantFrom(0, 4_096),
      async (given, partSeriesMax, kernelRows) => {
        const { store, left } = await roughRun(given, { ...soundParts, partSeriesMax, kernelRows });
        assert.deepEqual(await tableOf(store, given), await tableOf(await quietRun(given, left), given));
      },
    ),
    runsOf(1),
  );
});

test("the embedded store ends with the table of a quiet run over the memory store", async () => {
  await fc.assert(
    fc.asyncProperty(rollupCases(), async (given) => {
      const folder = await temporaryFolder();
      const store = await openEmbeddedStore(folder.path, { seriesMax: 10 });
      try {
        const { left } = await roughRun(given, soundParts, store);
        assert.deepEqual(await tableOf(store, given), await tableOf(await quietRun(given, left), given));
      } finally {
        await store.close();
        await folder.remove();
      }
    }),
    runsOf(0.2),
  );
});

test("two partitions that write one store at the same time leave the table of one quiet run", async () => {
  await fc.assert(
    fc.asyncProperty(rollupCases(), async (given) => {
      const store = new MemoryStore();
      const parts = [0, 1].map((partition) => given.entries.filter(({ metric }) => metric % 2 === partition));
      const runs = await Promise.all(parts.map((entries) => roughRun({ ...given, entries }, soundParts, store)));
      const left = runs.flatMap((run) => run.left);
      assert.deepEqual(await tableOf(store, given), await tableOf(await quietRun(given, left), given));
    }),
    runsOf(0.5),
  );
});

function tableOf(store: Store, given: RollupCase): Promise<string[]> {
  return storedTable(store, keysOf(given));
}
