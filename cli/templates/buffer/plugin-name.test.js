import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ChunkBuilder, Receipt } from "millrace/plugin";
import { runCommand, testContext } from "millrace/testing";
import { buffer } from "./plugin-name.js";

function temporaryFolder(t) {
  const folder = mkdtempSync(join(tmpdir(), "plugin-name-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

const receipt = (rows) =>
  new Receipt(
    rows,
    () => {},
    () => {},
  );

test("what was appended and not committed is there when it is opened again, also behind an entry that was cut off", async (t) => {
  const settings = buffer.settings.parse({ path: join(temporaryFolder(t), "buffer.log") });
  for (const expected of [[], [1, 2], [2, 3], [3, 4]]) {
    const context = testContext();
    const opened = await buffer.open(settings, context);
    const reader = opened.reader("rollups", 0);
    const records = Array.from(expected, () => reader.read());
    assert.deepEqual(
      records.map((record) => record.chunks()[0].values[0]),
      expected,
    );
    assert.equal(reader.read(), undefined);
    if (records.length > 0) await reader.commit(records[0].position, receipt(1).tally);
    for (const value of expected.length === 0 ? [1, 2] : [expected[1] + 1]) {
      const builder = new ChunkBuilder(context.table);
      builder.add(context.table.intern("a", { b: "c" }, "tdouble"), value, value);
      await opened.append(builder.build(receipt(1)));
    }
    await opened.close();
    appendFileSync(settings.path, "cut off");
  }
});

test("the graph reads through it, and leaves nothing in it", async (t) => {
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
  const audit = await runCommand(["audit", "graph.yaml"], { env });
  assert.match(audit.stdout, /raw/);
});
