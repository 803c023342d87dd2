import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { millrace } from "../millrace-process.ts";

test("without an engine `delete` changes the store itself, at every period, in the zone of the graph", async () => {
  const folder = mkdtempSync(join(tmpdir(), "millrace-delete-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const message = {
    metric: "energy",
    type: "tlong",
    values: [
      ["2024-03-30T22:59:59.999", 1],
      ["2024-03-30T23:00:00", 10],
      ["2024-03-31T21:59:59.999", 100],
      ["2024-03-31T22:00:00", 1_000],
    ],
  };
  writeFileSync(join(folder, "points.jsonl"), `${JSON.stringify(message)}\n`);
  const graph = `timezone: Europe/Brussels
stores:
  main: { type: embedded, path: ./store }
sources:
  points: { type: file/jsonl, path: ./points.jsonl }
buffers:
  raw: { type: disk, path: ./buffer, from: points }
blocks:
  rollups: { type: processor, from: raw, store: main, aggregators: [1h, 1d, 1mo] }
`;
  writeFileSync(join(folder, "plant.yaml"), graph);
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await millrace(args, {}, folder);
    expect(code, stderr).toBe(0);
    return stdout;
  };
  const sums = async (every: string) => {
    const csv = await run(
      "query",
      "energy",
      "--graph",
      "plant.yaml",
      "--every",
      every,
      "--value",
      "sum",
      "--format",
      "csv",
    );
    return csv
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => line.split(",").slice(1).join(" "));
  };
  await run("run", "plant.yaml", "--until-idle", "--quiet");
  // The day on which clocks go forward has 23 hours.
  expect(await sums("1d")).toEqual([
    "2024-03-29T23:00:00.000Z 1",
    "2024-03-30T23:00:00.000Z 110",
    "2024-03-31T22:00:00.000Z 1000",
  ]);
  const deleted = await run("delete", "energy", "--graph", "plant.yaml", "--to", "2024-03-30T23:00:00.001", "--json");
  expect(JSON.parse(deleted)).toEqual({ series: [{ series: "energy", type: "tlong" }] });
  expect(await sums("1d")).toEqual(["2024-03-30T23:00:00.000Z 100", "2024-03-31T22:00:00.000Z 1000"]);
  expect(await sums("1mo")).toEqual(["2024-02-29T23:00:00.000Z 100", "2024-03-31T22:00:00.000Z 1000"]);
  await run("delete", "energy", "--graph", "plant.yaml");
  expect(await sums("1mo")).toEqual([]);
}, 60_000);
