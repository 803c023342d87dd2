import { expect, test } from "vitest";
import type { Row } from "../../../blocks/query/query-result.ts";
import { chartOf } from "../../../cli/output/chart.ts";

function chart(rows: readonly Row[], style = { width: 60, color: false }): string[] {
  return [...chartOf({ columns: ["series", "timestamp", "mean"], rows }, style)].join("").trimEnd().split("\n");
}

const minute = 60_000;
const start = Date.UTC(2020, 0, 2, 3);
const rising = Array.from({ length: 61 }, (_, index): Row => ["m", start + index * minute, index]);

test("a rising line goes from the lower left to the upper right", () => {
  const lines = chart(rising);
  expect(lines).toHaveLength(16 + 2 + 1);
  const [first = "", last = ""] = [lines[0], lines[15]];
  expect(first).toMatch(/^60 ┤ +[\u2801-\u28ff]+$/);
  expect(last).toMatch(/^ 0 ┤[\u2801-\u28ff]+$/);
  expect(first.length).toBeGreaterThan(last.length);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(60);
  expect(lines[17]).toContain("2020-01-02 03:00");
  expect(lines[17]).toContain("04:00");
  expect(lines[18]).toMatch(/⣿ m$/);
});

test("without colour several series have marks, with colour all have dots", () => {
  const rows = [...rising, ...rising.map(([, time, value]): Row => ["n", time, 60 - Number(value)])];
  expect(chart(rows).join("\n")).toMatch(/oo/);
  expect(chart(rows).at(-1)).toMatch(/o n$/);
  const colored = chart(rows, { width: 60, color: true }).join("\n");
  expect(colored).toContain("\u001b[36m");
  expect(colored).toContain("\u001b[33m");
  expect(colored).not.toMatch(/oo/);
});

test("six series are drawn and the others counted", () => {
  const rows = Array.from({ length: 8 }, (_, index): Row => [`s${index}`, start, index]);
  expect(
    chart(rows)
      .slice(-2)
      .map((line) => line.trim()),
  ).toEqual(["# s5", "and 2 more series"]);
});

test("what is no finite number is left out, and nothing at all is one sentence", () => {
  const none: Row[] = [
    ["m", 0, "text"],
    ["m", 1, null],
    ["m", 2, Number.POSITIVE_INFINITY],
  ];
  expect(chart(none)).toEqual(["There is no number to draw in mean."]);
  expect(chart([])).toEqual(["There is no number to draw in mean."]);
  expect(chart([...none, ["m", 3, 1.5]])).toHaveLength(19);
});

test.each([
  [[5, 5, 5]],
  [[0]],
  [[1e-300, 3e-300]],
  [[-1.7e308, 1.7e308]],
  [[1e300, 1e300]],
  [[1, 1 + Number.EPSILON]],
  [[-5, -1e-9]],
])("values of any size have an axis that holds them: %j", (values) => {
  const lines = chart(values.map((value, index): Row => ["m", start + index, value]));
  expect(lines.slice(0, 16).join("")).toMatch(/[\u2801-\u28ff]/);
  expect(lines.slice(0, 16).filter((line) => line.includes("┤")).length).toBeGreaterThanOrEqual(2);
  expect(lines.join("")).not.toMatch(/NaN|Infinity/);
});
