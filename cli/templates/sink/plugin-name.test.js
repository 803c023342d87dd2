import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ActorSystem, Source, systemClock } from "millrace";
import { ChunkBuilder, Receipt } from "millrace/plugin";
import { runCommand, testContext } from "millrace/testing";
import { sink } from "./plugin-name.js";

function temporaryFolder(t) {
  const folder = mkdtempSync(join(tmpdir(), "plugin-name-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test("a chunk is settled once its lines are in the file", async (t) => {
  const context = testContext();
  const file = join(temporaryFolder(t), "out.tsv");
  const builder = new ChunkBuilder(context.table);
  builder.add(context.table.intern("a", { b: "c" }, "tlong"), 0, 7n);
  let tally;
  const settled = (given) => {
    tally = given;
  };
  const [chunk] = builder.build(new Receipt(1, settled, assert.fail));
  const opened = await sink.open(sink.settings.parse({ path: file }), context);
  await Source.single(chunk).runWith(opened, new ActorSystem({ clock: systemClock }));
  assert.equal(readFileSync(file, "utf8"), 'a{b="c"}\t1970-01-01T00:00:00.000Z\t7\n');
  assert.equal(tally.durable, 1);
});

test("the graph hands it every data point", async (t) => {
  const env = { DATA: temporaryFolder(t) };
  await runCommand(["run", "graph.yaml", "--until-idle", "--quiet"], { env });
  const lines = readFileSync(join(env.DATA, "out.tsv"), "utf8").split("\n");
  assert.equal(lines.length, 5);
  assert.equal(lines[3], 'temperature{room="kitchen"}\t2026-01-02T09:30:00.000Z\t23.5');
});
