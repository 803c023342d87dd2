import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { millrace, temporaryFolder } from "../millrace-process.ts";

test("a store at its series_max costs the data points of further series alone, also in the next run", async () => {
  const folder = temporaryFolder();
  const graph = (readings: string) => {
    const file = join(folder, `${readings}.yaml`);
    writeFileSync(
      file,
      `name: ${readings}
stores:
  main: { type: embedded, path: ${folder}/store, series_max: 2 }
sources:
  readings: { type: file/jsonl, path: ${folder}/${readings}.jsonl }
buffers:
  raw: { type: disk, path: ${folder}/${readings}, from: readings }
blocks:
  rollups: { type: processor, from: raw, store: main, aggregators: [1h] }
dead_letters: { path: ${folder}/dead-letters }
`,
    );
    return file;
  };
  const message = (metric: string, hour: number) =>
    `${JSON.stringify({ metric, tagset: {}, type: "tdouble", values: [[`2026-01-02T0${hour}:00:00`, hour]] })}\n`;
  writeFileSync(join(folder, "first.jsonl"), ["a", "b", "c"].map((metric) => message(metric, 1)).join(""));
  writeFileSync(join(folder, "second.jsonl"), ["d", "a", "c", "b"].map((metric) => message(metric, 2)).join(""));
  for (const file of [graph("first"), graph("second")]) {
    expect(await millrace(["run", file, "--until-idle", "--quiet"])).toMatchObject({ code: 0 });
    expect(await millrace(["audit", file])).toMatchObject({ code: 0 });
  }

  const query = ["query", "{}", "--graph", graph("second"), "--every", "1h", "--value", "count,max", "--format", "csv"];
  const { stdout } = await millrace(query);
  expect(stdout.trimEnd().split("\n").slice(1)).toEqual([
    "a,2026-01-02T01:00:00.000Z,1,1",
    "a,2026-01-02T02:00:00.000Z,1,2",
    "b,2026-01-02T01:00:00.000Z,1,1",
    "b,2026-01-02T02:00:00.000Z,1,2",
  ]);
  const letters = readFileSync(join(folder, "dead-letters/rollups.message.jsonl"), "utf8").trimEnd().split("\n");
  const told = letters.map((line) => JSON.parse(line) as { code: string; reason: string; payload: { metric: string } });
  expect(told.map(({ code, payload }) => `${code} ${payload.metric}`).sort()).toEqual([
    "SERIES_LIMIT c",
    "SERIES_LIMIT c",
    "SERIES_LIMIT d",
  ]);
  expect(told[0]?.reason).toContain("the store holds at most 2 (series_max)");
});
