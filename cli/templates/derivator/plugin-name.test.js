import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { runCommand } from "millrace/testing";
import { derivator } from "./plugin-name.js";

test("wherever a bucket is cut, its parts give what the whole gives, also after they were stored", () => {
  const points = { time: Float64Array.of(0, 1_000, 2_000, 3_000), values: Float64Array.of(3, -1, 7, 2) };
  for (let cut = 0; cut <= 4; cut += 1) {
    const [earlier, later] = [
      [0, cut],
      [cut, 4],
    ].map(([from, to]) => derivator.decode(derivator.encode(derivator.add(derivator.seed(), points, from, to))));
    assert.equal(derivator.result(derivator.merge(earlier, later)), 8);
  }
  assert.equal(derivator.result(derivator.seed()), undefined);
});

test("the graph gives a value for every hour, and for the day", async (t) => {
  const env = { DATA: mkdtempSync(join(tmpdir(), "plugin-name-")) };
  t.after(() => rmSync(env.DATA, { recursive: true }));
  await runCommand(["run", "graph.yaml", "--until-idle", "--quiet"], { env });
  const ask = async (every) => {
    const query = ["query", "temperature", "--graph", "graph.yaml", "--every", every, "--value", "plugin-name"];
    const { stdout } = await runCommand([...query, "--format", "csv"], { env });
    return stdout;
  };
  assert.equal(
    await ask("1h"),
    `series,timestamp,plugin-name
"temperature{room=""kitchen""}",2026-01-02T08:00:00.000Z,3
"temperature{room=""kitchen""}",2026-01-02T09:00:00.000Z,1.5
`,
  );
  assert.equal(
    await ask("1d"),
    `series,timestamp,plugin-name
"temperature{room=""kitchen""}",2026-01-02T00:00:00.000Z,5.5
`,
  );
});
