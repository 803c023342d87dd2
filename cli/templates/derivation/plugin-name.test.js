import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { runCommand, testContext } from "millrace/testing";
import { derivation } from "./plugin-name.js";

test("a temperature in Celsius derives one in Fahrenheit, with its tags and its time", () => {
  const { table } = testContext();
  const series = table.intern("temperature", { room: "kitchen" }, "tdouble");
  assert.deepEqual(
    [...derivation.derive(series, 1_000, 100)],
    [{ metric: "temperature-fahrenheit", tagset: { room: "kitchen" }, type: "tdouble", time: 1_000, value: 212 }],
  );
  assert.equal(derivation.appliesTo(series), true);
  assert.equal(derivation.appliesTo(table.intern("temperature", {}, "ttext")), false);
});

test("the graph stores and rolls up what was derived", async (t) => {
  const env = { DATA: mkdtempSync(join(tmpdir(), "plugin-name-")) };
  t.after(() => rmSync(env.DATA, { recursive: true }));
  await runCommand(["run", "graph.yaml", "--until-idle", "--quiet"], { env });
  const query = [
    "query",
    "temperature-fahrenheit",
    "--graph",
    "graph.yaml",
    "--every",
    "1d",
    "--value",
    "count,min,max",
  ];
  const { stdout } = await runCommand([...query, "--format", "csv"], { env });
  assert.equal(
    stdout,
    `series,timestamp,count,min,max
"temperature-fahrenheit{room=""kitchen""}",2026-01-02T00:00:00.000Z,4,64.4,74.3
`,
  );
});
