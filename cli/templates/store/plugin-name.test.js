import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { runCommand, testContext } from "millrace/testing";
import { store } from "./plugin-name.js";

function temporaryFolder(t) {
  const folder = mkdtempSync(join(tmpdir(), "plugin-name-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test("what was written is there when it is opened again, also behind a write that was cut off", async (t) => {
  const context = testContext();
  const settings = store.settings.parse({ path: join(temporaryFolder(t), "store.log") });
  const series = context.table.intern("a", { b: "c" }, "tlong");
  const points = { time: Float64Array.of(1, 2), values: BigInt64Array.of(7n, 8n) };
  const ranges = [{ series, from: 0, to: 10 }];
  for (let round = 0; round < 3; round += 1) {
    const opened = await store.open(settings, context);
    await opened.write({ observations: [{ series, points }] });
    assert.deepEqual(await opened.readObservations(ranges), [points]);
    await opened.close();
    appendFileSync(settings.path, "cut off");
  }
  const reader = await store.openReadOnly(settings);
  assert.deepEqual(await reader.readObservations(ranges), [points]);
  await reader.close();
});

test("the graph stores in it, and a query reads it", async (t) => {
  const env = { DATA: temporaryFolder(t) };
  await runCommand(["run", "graph.yaml", "--until-idle", "--quiet"], { env });
  const query = ["query", "temperature", "--graph", "graph.yaml", "--every", "1d", "--value", "count,min,max"];
  const { stdout } = await runCommand([...query, "--format", "csv"], { env });
  assert.equal(
    stdout,
    `series,timestamp,count,min,max
"temperature{room=""kitchen""}",2026-01-02T00:00:00.000Z,4,18,23.5
`,
  );
});
