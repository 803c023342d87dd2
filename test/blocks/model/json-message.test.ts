import fc from "fast-check";
import { expect, test } from "vitest";
import { ChunkBuilder } from "../../../blocks/model/chunk-builder.ts";
import { type DecodedBody, type DecodeOptions, decodeJsonMessages } from "../../../blocks/model/json-message.ts";
import { messagesOf } from "../../../blocks/model/json-output.ts";
import { SeriesTable } from "../../../blocks/model/series.ts";
import { errorCodes } from "../../../runtime/errors.ts";
import { anyPoints, chunksOf, customTypes, ignoredReceipt, type Point, pointsOf } from "./data-points.ts";

const time = Date.UTC(2020, 0, 2, 3, 4, 5, 678);
const good = '{"metric":"m","type":"tdouble","values":[["2020-01-02T03:04:05.678",1.5]]}';
const goodPoint: Point = { metric: "m", tagset: {}, type: "tdouble", time, value: 1.5 };

function decode(text: string, options: Partial<DecodeOptions> = {}): DecodedBody & { points: Point[] } {
  const table = options.table ?? new SeriesTable(1_000_000, customTypes);
  const into = new ChunkBuilder(table);
  const body = decodeJsonMessages(text, into, { ...options, table });
  return { ...body, points: pointsOf(into.build(ignoredReceipt())) };
}

test("the sample of the documentation is decoded, laid out over several lines or not", () => {
  const sample = {
    metric: "my-temperature-sensor",
    tagset: { quality: "good", owner: "myself" },
    type: "tdouble",
    values: [
      ["2020-01-02T03:04:05.678", 42.1337],
      ["2020-01-02T03:04:06.123", 654.72],
    ],
  };
  for (const text of [JSON.stringify(sample), JSON.stringify(sample, null, 2), `\n${JSON.stringify(sample)}\r\n\r\n`]) {
    const { received, rejected, points } = decode(text);
    expect([received, rejected]).toEqual([1, []]);
    expect(points).toEqual([
      { metric: sample.metric, tagset: sample.tagset, type: "tdouble", time, value: 42.1337 },
      { metric: sample.metric, tagset: sample.tagset, type: "tdouble", time: time + 445, value: 654.72 },
    ]);
  }
});

test("an array and lines of messages are decoded in order; blank lines do not count", () => {
  const second = good.replace("1.5", "2.5");
  for (const text of [`[${good}, ${second}]`, `${good}\n${second}`, `\n${good}\r\n  \r\n${second}\n`]) {
    const { received, rejected, points } = decode(text);
    expect([received, rejected]).toEqual([2, []]);
    expect(points).toEqual([goodPoint, { ...goodPoint, value: 2.5 }]);
  }
});

test("an empty body, an empty array and a message without values have no data points", () => {
  expect(decode("")).toEqual({ received: 0, rejected: [], points: [] });
  expect(decode(" \n ")).toEqual({ received: 0, rejected: [], points: [] });
  expect(decode("[]")).toEqual({ received: 0, rejected: [], points: [] });
  expect(decode('{"metric":"m","type":"tlong","values":[]}')).toEqual({ received: 1, rejected: [], points: [] });
});

test.each([
  ["5", "", "MESSAGE_INVALID"],
  ["[]", "", "MESSAGE_INVALID"],
  ["null", "", "MESSAGE_INVALID"],
  ["{}", "metric", "MESSAGE_INVALID"],
  ['{"metric":5,"type":"tlong","values":[]}', "metric", "MESSAGE_INVALID"],
  ['{"metric":"","type":"tlong","values":[]}', "metric", "MESSAGE_INVALID"],
  ['{"metric":"a{b","type":"tlong","values":[]}', "metric", "MESSAGE_INVALID"],
  ['{"metric":"\\ud800","type":"tlong","values":[]}', "metric", "MESSAGE_INVALID"],
  ['{"metric":"m","values":[]}', "type", "MESSAGE_INVALID"],
  ['{"metric":"m","type":"nope","values":[]}', "type", "VALUE_INVALID"],
  ['{"metric":"m","type":"tlong"}', "values", "MESSAGE_INVALID"],
  ['{"metric":"m","type":"tlong","values":{}}', "values", "MESSAGE_INVALID"],
  ['{"metric":"m","type":"tlong","values":[],"unit":"C"}', "unit", "MESSAGE_INVALID"],
  ['{"metric":"m","type":"tlong","values":[],"__proto__":{}}', "__proto__", "MESSAGE_INVALID"],
  ['{"metric":"m","type":"tlong","values":[],"tagset":null}', "tagset", "MESSAGE_INVALID"],
  ['{"metric":"m","type":"tlong","values":[],"tagset":["a"]}', "tagset", "MESSAGE_INVALID"],
  ['{"metric":"m","type":"tlong","values":[],"tagset":{"a":5}}', 'tagset["a"]', "MESSAGE_INVALID"],
  ['{"metric":"m","type":"tlong","values":[],"tagset":{"":"x"}}', 'tagset[""]', "MESSAGE_INVALID"],
  ['{"metric":"m","type":"tlong","values":[],"tagset":{" a":"x"}}', 'tagset[" a"]', "MESSAGE_INVALID"],
  ['{"metric":"m","type":"tlong","values":[5]}', "values[0]", "MESSAGE_INVALID"],
  ['{"metric":"m","type":"tlong","values":[["2020-01-01T00:00",1,2]]}', "values[0]", "MESSAGE_INVALID"],
  ['{"metric":"m","type":"tlong","values":[["2020-01-01T00:00",1],["x",2]]}', "values[1][0]", "TIMESTAMP_INVALID"],
  ['{"metric":"m","type":"tlong","values":[[1577934245678,1]]}', "values[0][0]", "TIMESTAMP_INVALID"],
  ['{"metric":"m","type":"tlong","values":[["2020-01-01T00:00",1.5]]}', "values[0][1]", "VALUE_INVALID"],
  ['{"metric":"m","type":"tdouble","values":[["2020-01-01T00:00",1e400]]}', "values[0][1]", "VALUE_INVALID"],
  ['{"metric":"m","type":"tdouble","values":[["2020-01-01T00:00",null]]}', "values[0][1]", "VALUE_INVALID"],
])("among good messages, %s costs only itself (at %j: %s)", (bad, path, code) => {
  const inArray = decode(`[\n  ${good},\n  ${bad}, ${good}]`);
  expect(inArray.points).toEqual([goodPoint, goodPoint]);
  expect(inArray.received).toBe(3);
  expect(inArray.rejected).toMatchObject([{ index: 1, line: 3, column: 3, path, code }]);
  expect(inArray.rejected[0]?.reason).toMatch(/^Cannot \S.* as .+: it (is|has) .+$/);

  const inLines = decode(`${good}\n\n  ${bad}\n${good}`);
  expect(inLines.points).toEqual([goodPoint, goodPoint]);
  expect(inLines.rejected).toEqual(inArray.rejected);
});

test("the limits of names, tags and points hold from both sides", () => {
  const message = (given: object) => JSON.stringify({ metric: "m", type: "tdouble", values: [], ...given });
  const tags = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, "v"]));
  const long = "x".repeat(1024);
  const codes = (given: object, options = {}) => decode(message(given), options).rejected.map(({ code }) => code);
  expect(codes({ metric: long, tagset: { [long]: long } })).toEqual([]);
  expect(codes({ metric: `${long}x` })).toEqual(["SIZE_LIMIT"]);
  expect(codes({ tagset: { [`${long}x`]: "v" } })).toEqual(["SIZE_LIMIT"]);
  expect(codes({ tagset: { k: `${long}x` } })).toEqual(["SIZE_LIMIT"]);
  expect(codes({ tagset: tags(64) })).toEqual([]);
  expect(codes({ tagset: tags(65) })).toEqual(["SIZE_LIMIT"]);
  const values = [
    ["2020-01-01T00:00", 1],
    ["2020-01-01T00:01", 2],
  ];
  expect(codes({ values }, { pointsMax: 2 })).toEqual([]);
  expect(codes({ values }, { pointsMax: 1 })).toEqual(["SIZE_LIMIT"]);
});

test("a full table refuses messages of new series and goes on with the known ones", () => {
  const other = good.replace('"m"', '"other"');
  const { rejected, points } = decode(`[${good},${other},${good}]`, { table: new SeriesTable(1) });
  expect(rejected).toMatchObject([{ index: 1, code: "SERIES_LIMIT" }]);
  expect(points).toEqual([goodPoint, goodPoint]);
});

test("names that hold the separators of the engine stay apart", () => {
  const table = new SeriesTable(1_000_000, customTypes);
  const message = (metric: string, tagset: object) =>
    JSON.stringify({ metric, tagset, type: "tdouble", values: [["2020-01-01T00:00", 1]] });
  const texts = [message("m\0a\0b", {}), message("m", { a: "b" }), message("m\0a", { b: "" }), message("m", {})];
  for (const text of [...texts, ...texts]) decode(text, { table });
  expect(table.size).toBe(4);
});

test("a tag called __proto__ is kept as a tag", () => {
  const text = good.replace('"type"', '"tagset":{"__proto__":"x"},"type"');
  const { points } = decode(text);
  expect(Object.entries(points[0]?.tagset ?? {})).toEqual([["__proto__", "x"]]);
});

test("a tlong keeps every digit, whether it is a number or text", () => {
  const values = (numbers: string[]) => numbers.map((number) => `["2020-01-02T03:04:05",${number}]`).join(",");
  const text = (...numbers: string[]) => `{"metric":"m","type":"tlong","values":[${values(numbers)}]}`;
  const exact = ["9007199254740993", "-9223372036854775808", "9223372036854775807", '"9007199254740993"', "7", "-0"];
  const expected = [9007199254740993n, -(2n ** 63n), 2n ** 63n - 1n, 9007199254740993n, 7n, 0n];
  for (const body of [text(...exact), `[${good},\n ${text(...exact)}]`, `${good}\n${text(...exact)}`]) {
    const { rejected, points } = decode(body);
    expect(rejected).toEqual([]);
    const longs = points.filter(({ type }) => type === "tlong").map(({ value }) => value);
    expect(longs).toEqual(expected);
  }
  for (const number of [
    "9223372036854775808",
    "-9223372036854775809",
    "1e300",
    "9007199254740993.0",
    "1e16",
    "1e400",
  ]) {
    const { rejected, points } = decode(`${good}\n ${text("1", number)}`);
    expect(points).toEqual([goodPoint]);
    expect(rejected).toMatchObject([{ index: 1, line: 2, column: 2, path: "values[1][1]", code: "VALUE_INVALID" }]);
  }
});

test.each([
  ['{"metric":"m",}', 1, 15],
  ['{"metric":"m"', 1, 14],
  ['{"metric":\n  "m"\n  "type":"x"}', 3, 3],
  [`[${good},\n{"metric":}]`, 2, 11],
  [`[${good}`, 1, good.length + 2],
  [`[${good}] x`, 1, good.length + 4],
  ['{"metric":"a\tb"}', 1, 13],
  ['{"metric":"\\x"}', 1, 12],
  ['{"metric":01}', 1, 12],
  ["nul", 1, 1],
  ["\ufeff{}", 1, 1],
])("the fault of JSON in %j is at %d:%d and refuses the body", (text, line, column) => {
  const { received, rejected, points } = decode(text);
  expect(points).toEqual([]);
  expect(received).toBe(1);
  expect(rejected).toMatchObject([{ index: 0, line, column, path: "", code: "MESSAGE_INVALID" }]);
});

test("a fault of JSON in one line refuses that line only, be it the first", () => {
  const bad = '{"metric":"m",}';
  const { received, rejected, points } = decode(`${bad}\n${good}\n\n  ${bad}\n${good}`);
  expect(received).toBe(4);
  expect(points).toEqual([goodPoint, goodPoint]);
  expect(rejected).toMatchObject([
    { index: 0, line: 1, column: 15 },
    { index: 2, line: 4, column: 17 },
  ]);
});

test("what was encoded as JSON is decoded into the same data points, for all types", () => {
  fc.assert(
    fc.property(anyPoints, fc.constantFrom("array", "lines"), (points, form) => {
      const chunks = chunksOf(points);
      const lines = chunks.flatMap((chunk) => [...messagesOf(chunk)]);
      const text = form === "array" ? `[${lines.join(" ,\n")}]` : lines.join("\n");
      const decoded = decode(text);
      expect(decoded.rejected).toEqual([]);
      expect(decoded.received).toBe(lines.length);
      expect(decoded.points).toEqual(pointsOf(chunks));
    }),
    { numRuns: 500 },
  );
});

test("any text is messages and rejections: nothing is thrown, and a rejection lies inside the text", () => {
  const pieces = fc.constantFrom(
    good,
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"',
    "\n",
    " ",
    "1",
    "e",
    "-",
    "\\",
    '"metric"',
    "null",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join("")),
        fc.json(),
      ),
      (text) => {
        const { received, rejected, points } = decode(text);
        expect(rejected.length).toBeLessThanOrEqual(received);
        expect(points.length).toBe(received - rejected.length);
        const lines = text.split("\n");
        for (const { index, line, column, code, reason } of rejected) {
          expect(index).toBeLessThan(received);
          expect(column).toBeLessThanOrEqual((lines[line - 1] ?? "").length + 1);
          expect(errorCodes).toHaveProperty(code);
          expect(reason).not.toBe("");
        }
      },
    ),
    { numRuns: 2000 },
  );
});

test("nesting without end is refused like any other fault", () => {
  const deep = "[".repeat(100_000);
  expect(decode(deep).rejected).toMatchObject([{ code: "MESSAGE_INVALID", line: 1 }]);
  expect(decode(deep + "]".repeat(100_000)).rejected).toMatchObject([{ code: "MESSAGE_INVALID" }]);
  const value = good.replace("tdouble", "vector").replace("1.5", deep + "]".repeat(100_000));
  expect(decode(value).rejected).toMatchObject([{ code: "VALUE_INVALID", path: "values[0][1]" }]);
});
