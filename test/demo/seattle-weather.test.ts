import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { DuckDBInstance } from "@duckdb/node-api";
import { expect, test } from "vitest";
import { finished, millrace, printed, root, startMillrace, temporaryFolder } from "../millrace-process.ts";

const graph = "config/examples/seattle-weather.yaml";
const csv = join(root, "node_modules/vega-datasets/data/seattle-weather-hourly-normals.csv");
const metrics = ["pressure", "temperature", "wind"];
const values = "count,min,max,first,last,sum,mean";

test.each([
  ["1d", "day"],
  ["1mo", "month"],
])("rollups of a real year by %s equal those of DuckDB from the CSV", async (every, unit) => {
  const data = temporaryFolder();
  const run = await millrace(["run", graph, "--until-idle"], { DATA: data });
  expect(run.code, run.stderr).toBe(0);
  for (const metric of metrics) {
    const expected = await duckDbRollup(metric, unit);
    const actual = await queryRows(`${metric}{location="Seattle"}`, every, data);
    expect(actual.length).toBe(expected.length);
    expected.forEach((row, index) => {
      const [timestamp, count, min, max, first, last, sum, mean] = actual[index] ?? [];
      // To the last bit, but for sums, whose rounding depends on how they are added up.
      assert.deepEqual([timestamp, count, min, max, first, last], row.slice(0, 6));
      assertClose(Number(sum), Number(row[6]));
      assertClose(Number(mean), Number(row[7]));
    });
  }
});

test("shuffled, delivered twice and split over two runs with a kill -9 between, the table is the same byte for byte", async () => {
  const quiet = temporaryFolder();
  await millrace(["run", graph, "--until-idle"], { DATA: quiet });
  const folder = temporaryFolder();
  const rough = join(folder, "data");
  const [first, second] = shuffledHalves(folder);

  // Opening, reading, the first write to the store a second later: a kill falls into each.
  for (const delayMs of [0, 60, 250, 1_050]) {
    const killed = startMillrace(["run", graph], { DATA: rough, CSV: first });
    await printed(killed, /Ctrl-C/);
    await wait(delayMs);
    killed.kill("SIGKILL");
    await finished(killed);
  }
  const again = await millrace(["run", graph, "--until-idle"], { DATA: rough, CSV: first });
  expect(again.code, again.stderr).toBe(0);
  const rest = await millrace(["run", graph, "--until-idle"], { DATA: rough, CSV: second });
  expect(rest.code, rest.stderr).toBe(0);

  for (const every of [[], ["--every", "1h"], ["--every", "1d"], ["--every", "1mo"]]) {
    const selection = [...every, ...(every.length > 0 ? ["--value", `${values},s_sum`] : [])];
    const ask = (data: string) =>
      millrace(["query", "{}", "--graph", graph, "--format", "csv", ...selection], { DATA: data });
    const [expected, actual] = [await ask(quiet), await ask(rough)];
    expect(expected.stdout.split("\n").length).toBeGreaterThan(36);
    expect(actual.stdout).toBe(expected.stdout);
  }
  const audit = await millrace(["audit", graph], { DATA: rough });
  expect(audit.code, audit.stdout).toBe(0);
});

async function queryRows(selector: string, every: string, data: string): Promise<string[][]> {
  const args = ["query", selector, "--graph", graph, "--store", "main", "--every", every, "--value", values];
  const { stdout, stderr, code } = await millrace([...args, "--format", "csv"], { DATA: data });
  expect(code, stderr).toBe(0);
  const rows = stdout.trimEnd().split("\n").slice(1);
  // The canonical series is the only cell with commas or quotes in it.
  return rows.map((row) => row.slice(row.lastIndexOf('"') + 2).split(","));
}

async function duckDbRollup(metric: string, unit: string): Promise<string[][]> {
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  const result = await connection.runAndReadAll(`
    select strftime(date_trunc('${unit}', date), '%Y-%m-%dT%H:%M:%S.000Z'), count(v)::int, min(v), max(v),
      arg_min(v, date), arg_max(v, date), sum(v), avg(v)
    from (select date, ${metric}::double as v from read_csv('${csv}')) group by 1 order by 1`);
  return result.getRows().map((row) => row.map(String));
}

function assertClose(actual: number, expected: number): void {
  const distance = Math.abs(actual - expected) / Math.abs(expected);
  assert(distance <= 1e-12, `${actual} differs from ${expected} by ${distance}`);
}

/** All rows in a random order, each twice, as two files. */
function shuffledHalves(folder: string): [string, string] {
  const [header = "", ...rows] = readFileSync(csv, "utf8").trimEnd().split("\n");
  const all = [...rows, ...rows].map((row) => ({ row, place: Math.random() })).sort((a, b) => a.place - b.place);
  const half = all.length / 2;
  const write = (name: string, part: typeof all) => {
    const path = join(folder, name);
    writeFileSync(path, [header, ...part.map(({ row }) => row), ""].join("\n"));
    return path;
  };
  return [write("first.csv", all.slice(0, half)), write("second.csv", all.slice(half))];
}
