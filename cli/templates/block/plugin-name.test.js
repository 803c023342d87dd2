import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ActorSystem, Flow, Sink, Source, systemClock } from "millrace";
import { ChunkBuilder, Receipt } from "millrace/plugin";
import { runCommand, testContext } from "millrace/testing";
import { block } from "./plugin-name.js";

test("numbers are held between the bounds, in a chunk of their own", async () => {
  const context = testContext();
  const builder = new ChunkBuilder(context.table);
  const series = context.table.intern("a", {}, "tdouble");
  for (const [row, value] of [-3, 0.5, 8].entries()) builder.add(series, row, value);
  const [chunk] = builder.build(new Receipt(3, () => {}, assert.fail));
  const stage = block.open(block.settings.parse({ min: 0, max: 1 }), context);
  const [held] = await Source.single(chunk)
    .via(Flow.fromGraph(stage))
    .runWith(Sink.collect(), new ActorSystem({ clock: systemClock }));
  assert.deepEqual([...held.values.slice(0, 3)], [0, 0.5, 1]);
  assert.deepEqual([...chunk.values.slice(0, 3)], [-3, 0.5, 8]);
  assert.equal(held.receipt, chunk.receipt);
});

test("the graph stores what the block lets through", async (t) => {
  const env = { DATA: mkdtempSync(join(tmpdir(), "plugin-name-")) };
  t.after(() => rmSync(env.DATA, { recursive: true }));
  await runCommand(["run", "graph.yaml", "--until-idle", "--quiet"], { env });
  const query = ["query", "temperature", "--graph", "graph.yaml", "--every", "1d", "--value", "count,min,max"];
  const { stdout } = await runCommand([...query, "--format", "csv"], { env });
  assert.equal(
    stdout,
    `series,timestamp,count,min,max
"temperature{room=""kitchen""}",2026-01-02T00:00:00.000Z,4,20,22
`,
  );
});
