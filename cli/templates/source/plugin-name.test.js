import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ActorSystem, Sink, systemClock } from "millrace";
import { runCommand, testContext } from "millrace/testing";
import { source } from "./plugin-name.js";

test("it gives as many data points as its settings say, as far apart as they say, in chunks", async () => {
  const given = source.settings.parse({ metric: "wave", interval: "1 second", period: "4 seconds", count: 1_002 });
  const opened = await source.open(given, testContext());
  const chunks = await opened.runWith(Sink.collect(), new ActorSystem({ clock: systemClock }));
  assert.deepEqual(
    chunks.map(({ length }) => length),
    [1_000, 2],
  );
  const [first] = chunks;
  assert.deepEqual(
    Array.from(first.values.slice(0, 4), (value) => Math.round(value)),
    [0, 1, 0, -1],
  );
  assert.equal(first.time[1] - first.time[0], 1_000);
});

test("the graph stores what it gives", async (t) => {
  const env = { DATA: mkdtempSync(join(tmpdir(), "plugin-name-")) };
  t.after(() => rmSync(env.DATA, { recursive: true }));
  await runCommand(["run", "graph.yaml", "--until-idle", "--quiet"], { env });
  const query = ["query", "wave", "--graph", "graph.yaml", "--every", "1h", "--value", "count,min,max"];
  const { stdout } = await runCommand([...query, "--format", "csv"], { env });
  assert.equal(
    stdout,
    `series,timestamp,count,min,max
"wave{site=""north""}",2026-01-02T00:00:00.000Z,60,-1,1
"wave{site=""north""}",2026-01-02T01:00:00.000Z,60,-1,1
`,
  );
});
