import { expect, test } from "vitest";
import type { QueryResult } from "../../../blocks/query/query-result.ts";
import { formatResult, type ResultFormat } from "../../../cli/output/format-result.ts";

const time = Date.UTC(2020, 0, 2, 3, 4, 5, 678);

function text(result: QueryResult, format: ResultFormat, style = { width: 80, color: false }): string {
  return [...formatResult(result, format, style)].join("");
}

const mixed: QueryResult = {
  columns: ["series", "timestamp", "value", "last_time"],
  rows: [
    ['m{a="x,y"}', time, 0.1, time],
    ["m", -1, -0, null],
    ["m", 0, 2n ** 63n, 0],
    ["m", 0, "", null],
    ["m", 0, 'say "hi"\nnow', null],
    ["m", 0, true, null],
    ["m", 0, new Uint8Array([255, 0]), null],
    ["m", 0, { latitude: 1.5, longitude: -2 }, null],
  ],
};

test("CSV has a header, quotes what needs it, and ends its lines with one line feed", () => {
  expect(text(mixed, "csv")).toBe(
    [
      "series,timestamp,value,last_time",
      '"m{a=""x,y""}",2020-01-02T03:04:05.678Z,0.1,2020-01-02T03:04:05.678Z',
      "m,1969-12-31T23:59:59.999Z,-0,",
      "m,1970-01-01T00:00:00.000Z,9223372036854775808,1970-01-01T00:00:00.000Z",
      'm,1970-01-01T00:00:00.000Z,"",',
      'm,1970-01-01T00:00:00.000Z,"say ""hi""\nnow",',
      "m,1970-01-01T00:00:00.000Z,true,",
      "m,1970-01-01T00:00:00.000Z,/wA=,",
      'm,1970-01-01T00:00:00.000Z,"{""latitude"":1.5,""longitude"":-2}",',
      "",
    ].join("\n"),
  );
});

test("JSON has one row a line and all digits of integers", () => {
  const json = text(mixed, "json");
  const lines = json.trimEnd().split("\n");
  expect(lines).toHaveLength(mixed.rows.length + 2);
  expect(lines[3]).toBe(
    '{"series":"m","timestamp":"1970-01-01T00:00:00.000Z","value":9223372036854775808,"last_time":"1970-01-01T00:00:00.000Z"},',
  );
  expect(JSON.parse(json)).toHaveLength(mixed.rows.length);
  expect(JSON.parse(text({ columns: ["series", "timestamp", "value"], rows: [] }, "json"))).toEqual([]);
});

test("long answers come in pieces that together are the same", () => {
  const rows = Array.from({ length: 5_000 }, (_, index) => ["m", index, index] as [string, number, number]);
  const result = { columns: ["series", "timestamp", "value"], rows };
  const pieces = [...formatResult(result, "csv", { width: 80, color: false })];
  expect(pieces.length).toBeGreaterThan(1);
  expect(pieces.length).toBeLessThan(10);
  expect(pieces.join("").split("\n")).toHaveLength(5_002);
});

test("a table aligns numbers to the right and text to the left", () => {
  const result: QueryResult = {
    columns: ["series", "timestamp", "count", "last"],
    rows: [
      ["a", 0, 5, "x"],
      ["bb", 1, 1000, "yy"],
      ["c", 2, null, "z"],
    ],
  };
  expect(text(result, "table")).toBe(
    [
      "series  timestamp                 count  last",
      "──────  ────────────────────────  ─────  ────",
      "a       1970-01-01T00:00:00.000Z      5  x",
      "bb      1970-01-01T00:00:00.001Z   1000  yy",
      "c       1970-01-01T00:00:00.002Z         z",
      "",
    ].join("\n"),
  );
});

test("a table cuts long text to the terminal, and never numbers or times", () => {
  const rows: QueryResult["rows"] = [[`m{host="${"h".repeat(200)}"}`, time, 123456789.123]];
  const result: QueryResult = { columns: ["series", "timestamp", "mean"], rows };
  const lines = text(result, "table", { width: 70, color: false }).trimEnd().split("\n");
  expect(lines.map((line) => line.length)).toEqual([70, 70, 70]);
  expect(lines[2]).toContain("…  2020-01-02T03:04:05.678Z  123456789.123");
  expect(text(result, "table", { width: Number.POSITIVE_INFINITY, color: false })).toContain("h".repeat(200));
  expect(text(result, "table", { width: 10, color: false })).toContain("123456789.123");
});

test("a table shows control characters instead of obeying them, and has escapes only with colour", () => {
  const result: QueryResult = { columns: ["series", "timestamp", "value"], rows: [["m", 0, "a\u001b[2J\nb"]] };
  expect(text(result, "table")).not.toContain("\u001b");
  expect(text(result, "table")).toContain("a\\u001b[2J\\nb");
  expect(text(result, "table", { width: 80, color: true }).startsWith("\u001b[1mseries")).toBe(true);
});

test("wide characters count for two columns", () => {
  const rows: QueryResult["rows"] = [
    ["温度", 0, 1],
    ["temp", 0, 2],
  ];
  const lines = text({ columns: ["series", "timestamp", "value"], rows }, "table").split("\n");
  expect(lines[2]).toBe("温度    1970-01-01T00:00:00.000Z      1");
  expect(lines[3]).toBe("temp    1970-01-01T00:00:00.000Z      2");
});
