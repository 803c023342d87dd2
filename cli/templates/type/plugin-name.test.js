import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { runCommand } from "millrace/testing";
import { type } from "./plugin-name.js";

test("a value that the schema does not take is refused with the reason", () => {
  assert.equal(type.fault({ degrees: 90, speed: 3.5 }), undefined);
  assert.match(type.fault({ degrees: 361, speed: 3.5 }) ?? "", /at degrees$/);
  assert.match(type.fault({ degrees: 90 }) ?? "", /at speed$/);
  assert.notEqual(type.fault("north"), undefined);
});

test("the graph stores what is sound, and gives the rest to the dead letters", async (t) => {
  const env = { DATA: mkdtempSync(join(tmpdir(), "plugin-name-")) };
  t.after(() => rmSync(env.DATA, { recursive: true }));
  await runCommand(["run", "graph.yaml", "--until-idle", "--quiet"], { env });
  const { stdout } = await runCommand(["query", "wind", "--graph", "graph.yaml", "--json"], { env });
  assert.deepEqual(
    JSON.parse(stdout).map(({ value }) => value),
    [
      { degrees: 270, speed: 4.5 },
      { degrees: 0, speed: 3 },
    ],
  );
  const [letter] = readFileSync(join(env.DATA, "dead-letters/readings.jsonl"), "utf8").split("\n");
  assert.match(JSON.parse(letter).reason, /degrees/);
});
