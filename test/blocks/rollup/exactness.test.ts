import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "vitest";
import { openEmbeddedStore } from "../../../connectors/embedded/embedded-store.ts";
import { temporaryFolder } from "../../connectors/embedded/temporary-folder.ts";
import { casesMax, rollupCases } from "./rollup-case.ts";
import { quietRun, roughRun, soundParts } from "./rollup-run.ts";
import { storedTable } from "./stored-table.ts";

test("any order, repeats, corrections, flushes, evictions and kills leave the table of one quiet run, bit for bit", async () => {
  await fc.assert(
    fc.asyncProperty(rollupCases(), async (given) => {
      const rough = await storedTable(await roughRun(given), given.labels);
      assert.deepEqual(rough, await storedTable(await quietRun(given), given.labels));
    }),
    { numRuns: 5 * casesMax },
  );
});

test("the embedded store ends with the table of a quiet run over the memory store", async () => {
  await fc.assert(
    fc.asyncProperty(rollupCases(), async (given) => {
      const folder = await temporaryFolder();
      const store = await openEmbeddedStore(folder.path, { seriesMax: 10 });
      try {
        await roughRun(given, soundParts, store);
        assert.deepEqual(
          await storedTable(store, given.labels),
          await storedTable(await quietRun(given), given.labels),
        );
      } finally {
        await store.close();
        await folder.remove();
      }
    }),
    { numRuns: Math.ceil(casesMax / 5) },
  );
});
