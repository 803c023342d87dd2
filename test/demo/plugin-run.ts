import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { expect } from "vitest";
import { millrace, temporaryFolder } from "../millrace-process.ts";

/** Runs a graph of the examples to its end, once for each input in turn, into one store, and asks it. */
export async function runExample(
  graph: string,
  variable: string,
  inputs: readonly (readonly string[])[],
): Promise<{ ask(every: string, value: string, metric: string): Promise<string[][]> }> {
  const DATA = temporaryFolder();
  for (const [index, lines] of inputs.entries()) {
    const file = join(DATA, `input-${index}`);
    writeFileSync(file, `${lines.join("\n")}\n`);
    const run = await millrace(["run", graph, "--until-idle", "--quiet"], { DATA, [variable]: file });
    expect([run.code, run.stderr]).toEqual([0, ""]);
  }
  return {
    ask: async (every, value, metric) => {
      const args = ["query", metric, "--graph", graph, "--every", every, "--value", value, "--json"];
      const { code, stdout, stderr } = await millrace(args, { DATA });
      expect(code, stderr).toBe(0);
      return (JSON.parse(stdout) as Record<string, unknown>[]).map((row) => Object.values(row).map(String));
    },
  };
}

/** Rows of an SQL query, as text. */
export async function duckDb(sql: string): Promise<string[][]> {
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  return (await connection.runAndReadAll(sql)).getRows().map((row) => row.map(String));
}

/** In a random order, each twice, in two parts. */
export function shuffledHalves(lines: readonly string[]): [string[], string[]] {
  const all = [...lines, ...lines].map((line) => ({ line, place: Math.random() })).sort((a, b) => a.place - b.place);
  const shuffled = all.map(({ line }) => line);
  return [shuffled.slice(0, lines.length), shuffled.slice(lines.length)];
}

/** Text cells are equal, and numbers but for what the order of additions rounds. */
export function expectClose(actual: readonly string[][], expected: readonly string[][], tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  expected.forEach((row, at) => {
    row.forEach((cell, column) => {
      const given = actual[at]?.[column] ?? "";
      if (Number.isNaN(Number(cell))) expect(given).toBe(cell);
      else
        expect(Math.abs(Number(given) - Number(cell)), `${given} is not ${cell}`).toBeLessThanOrEqual(
          tolerance * Math.abs(Number(cell)),
        );
    });
  });
}
