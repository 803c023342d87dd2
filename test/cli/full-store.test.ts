import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { millrace, temporaryFolder } from "../millrace-process.ts";

test.each([
  {
    holder: "store",
    limits: { store: 2, buffer: 9 },
    kept: ["a 00", "a 01", "b 00", "b 01"],
    letters: "rollups.message.jsonl",
    refused: ["c 00", "d 01", "c 01"],
  },
  {
    holder: "buffer",
    limits: { store: 9, buffer: 2 },
    // It forgets the series of records that it does not have any more.
    kept: ["a 00", "a 01", "b 00", "d 01"],
    letters: "raw.jsonl",
    refused: ["c 00", "c 01", "b 01"],
  },
])("a $holder at its series_max costs the data points of further series alone, also in the next run", async (given) => {
  const folder = temporaryFolder();
  const file = join(folder, "graph.yaml");
  writeFileSync(
    file,
    `name: full
stores:
  main: { type: embedded, path: ${folder}/store, series_max: ${given.limits.store} }
sources:
  readings: { type: file/jsonl, path: ${folder}/readings.jsonl }
buffers:
  raw: { type: disk, path: ${folder}/buffer, from: readings, series_max: ${given.limits.buffer} }
blocks:
  rollups: { type: processor, from: raw, store: main, aggregators: [1h] }
dead_letters: { path: ${folder}/dead-letters }
`,
  );
  for (const [run, metrics] of ["abc", "dacb"].entries()) {
    const message = (metric: string) => {
      const values = [[`2026-01-02T0${run}:00:00`, run]];
      return `${JSON.stringify({ metric, tagset: {}, type: "tdouble", values })}\n`;
    };
    writeFileSync(join(folder, "readings.jsonl"), [...metrics].map(message).join(""));
    expect(await millrace(["run", file, "--until-idle", "--quiet"])).toMatchObject({ code: 0 });
    expect(await millrace(["audit", file])).toMatchObject({ code: 0 });
  }

  const query = ["query", "{}", "--graph", file, "--every", "1h", "--value", "count,max", "--format", "csv"];
  const { stdout } = await millrace(query);
  const rows = stdout.trimEnd().split("\n").slice(1);
  expect(rows).toEqual(given.kept.map((row) => row.replace(/(.) 0(.)/, "$1,2026-01-02T0$2:00:00.000Z,1,$2")));
  const letters = readFileSync(join(folder, "dead-letters", given.letters), "utf8")
    .trimEnd()
    .split("\n");
  const told = letters.map((line) => JSON.parse(line) as { code: string; reason: string; payload: object });
  expect(told.map(({ code, payload }) => ({ code, ...payload }))).toEqual(
    given.refused.map((row) => ({
      ...{ code: "SERIES_LIMIT", metric: row[0], tagset: {}, type: "tdouble" },
      values: [[`2026-01-02T${row.slice(2)}:00:00.000Z`, Number(row.slice(2))]],
    })),
  );
  expect(told[0]?.reason).toContain(`the ${given.holder} holds at most 2 (series_max)`);
});
