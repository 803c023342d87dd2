import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { millrace, root, temporaryFolder } from "../millrace-process.ts";
import { threadArguments } from "../runtime/workers/thread-arguments.ts";

const door = JSON.stringify(pathToFileURL(join(root, "plugin.ts")).href);

/** Three heavy derivators that give the largest value: one is sound, one ends its thread at 13, one never returns from 13. */
const plugin = `import { defineDerivator } from ${door};
const largest = (name, at13) => defineDerivator({
  name, summary: "For a test.", heavy: true,
  appliesTo: (type) => type === "tdouble", resultType: () => "tdouble",
  seed: () => -Infinity,
  add(state, { values }, from, to) {
    for (let row = from; row < to; row += 1) {
      if (values[row] === 13) at13();
      state = Math.max(state, values[row]);
    }
    return state;
  },
  merge: Math.max,
  result: (state) => state,
  encode: (state) => new Uint8Array(Float64Array.of(state).buffer),
  decode: (bytes) => new Float64Array(bytes.slice().buffer)[0],
});
export const sound = largest("sound", () => {});
export const crashing = largest("crashing", () => process.exit(3));
export const endless = largest("endless", () => { for (;;); });
`;

const graph = (folder: string) => `name: heavy
plugins: [./heavy.mjs]
workers: { threads: 2, deadline: 1 second }
stores:
  main: { type: embedded, path: ${folder}/store }
sources:
  readings: { type: file/jsonl, path: ${folder}/readings.jsonl }
buffers:
  raw: { type: disk, path: ${folder}/buffer, from: readings }
blocks:
  rollups:
    type: processor
    from: raw
    store: main
    aggregators: [1h, 1d]
    derivators: [sound, crashing, endless]
dead_letters: { path: ${folder}/dead-letters }
`;

const message = (metric: string, values: readonly [string, number][]) =>
  JSON.stringify({ metric, tagset: {}, type: "tdouble", values });

test("a heavy derivator that crashes or never returns costs its own value of that bucket, in a run that ends", async () => {
  const folder = temporaryFolder();
  const file = join(folder, "graph.yaml");
  writeFileSync(join(folder, "heavy.mjs"), plugin);
  writeFileSync(file, graph(folder));
  const bad = message("bad", [
    ["2026-01-02T08:00:00", 7],
    ["2026-01-02T09:00:00", 13],
    ["2026-01-02T09:30:00", 14],
    ["2026-01-02T10:00:00", 9],
  ]);
  const good = message("good", [["2026-01-02T09:00:00", 5]]);
  writeFileSync(join(folder, "readings.jsonl"), `${bad}\n${good}\n`);

  const args = [...threadArguments, join(root, "cli/main.ts"), "run", file, "--until-idle", "--quiet"];
  await promisify(execFile)(process.execPath, args, { timeout: 60_000 });
  const ask = async (every: string) => {
    const query = ["query", "{}", "--graph", file, "--every", every, "--value", "count,max,sound,crashing,endless"];
    const { stdout } = await millrace([...query, "--format", "csv"]);
    return stdout.trimEnd().split("\n").slice(1);
  };
  expect(await ask("1h")).toEqual([
    "bad,2026-01-02T08:00:00.000Z,1,7,7,7,7",
    "bad,2026-01-02T09:00:00.000Z,2,14,14,,",
    "bad,2026-01-02T10:00:00.000Z,1,9,9,9,9",
    "good,2026-01-02T09:00:00.000Z,1,5,5,5,5",
  ]);
  expect(await ask("1d")).toEqual([
    "bad,2026-01-02T00:00:00.000Z,4,14,14,,",
    "good,2026-01-02T00:00:00.000Z,1,5,5,5,5",
  ]);

  const letters = readFileSync(join(folder, "dead-letters/rollups.message.jsonl"), "utf8").trimEnd().split("\n");
  const told = letters.map(
    (line) => JSON.parse(line) as { code: string; reason: string; payload: { derivator: string } },
  );
  told.sort((a, b) => (a.payload.derivator < b.payload.derivator ? -1 : 1));
  expect(told.map(({ code, payload }) => ({ code, ...payload }))).toMatchObject(
    ["crashing", "endless"].map((derivator) => ({
      code: "DERIVATOR_FAILED",
      derivator,
      plugin: "./heavy.mjs",
      series: "bad",
      period: "1h",
      bucket: "2026-01-02T09:00:00.000Z",
    })),
  );
  expect(told[0]?.reason).toContain("worker exited with code: 3");
  expect(told[1]?.reason).toContain("must have ended within 1000 ms");
  expect((await millrace(["audit", file])).code).toBe(0);
});
