import { expect, test } from "vitest";
import { millrace } from "../millrace-process.ts";

const file = "test/cli/ten-faults.yaml";

const places = [
  "2:7 SETTING_INVALID",
  "4:17 COMPONENT_UNKNOWN",
  "8:15 SETTING_INVALID",
  "9:5 SETTING_UNKNOWN",
  "10:41 VARIABLE_MISSING",
  "11:3 WIRING_INVALID",
  "13:3 SETTING_MISSING",
  "13:38 WIRING_INVALID",
  "17:11 WIRING_INVALID",
  "18:12 WIRING_INVALID",
];

test("a file with ten faults gets ten diagnostics in one run, each at its line and column, and exit code 1", async () => {
  const { code, stdout, stderr } = await millrace(["check", file]);
  expect(code).toBe(1);
  const found = [...stdout.matchAll(/^(.+?):(\d+:\d+): error ([A-Z_]+) Cannot /gm)];
  expect(found.map(([, at, place, kind]) => [at, `${place} ${kind}`])).toEqual(places.map((place) => [file, place]));
  // The place and the sentence, the line, the caret.
  expect(stdout.trimEnd().split("\n").length).toBe(30);
  expect(stdout).toContain('did you mean "metric_prefix"?\n   9 |     metric_prefx: host\n     |     ^^^^^^^^^^^^\n');
  expect(stderr).toBe("10 errors\n");
});

test("the same faults come as JSON", async () => {
  const { code, stdout } = await millrace(["check", "--json", file]);
  expect(code).toBe(1);
  const diagnostics = JSON.parse(stdout) as { line: number; column: number; code: string; severity: string }[];
  expect(diagnostics.map(({ line, column, code }) => `${line}:${column} ${code}`)).toEqual(places);
  expect(new Set(diagnostics.map(({ severity }) => severity))).toEqual(new Set(["error"]));
});

test("run refuses the file with the same ten faults before it opens anything", async () => {
  const { code, stdout, stderr } = await millrace(["run", file]);
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr.match(/: error /g)?.length).toBe(10);
});
