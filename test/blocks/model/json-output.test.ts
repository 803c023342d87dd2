import { expect, test } from "vitest";
import { aggregationLine, deadLetterLine, messagesOf, observationLine } from "../../../blocks/model/json-output.ts";
import { SeriesTable } from "../../../blocks/model/series.ts";
import { chunksOf } from "./data-points.ts";

const time = Date.UTC(2020, 0, 2, 3, 4, 5, 678);
const series = new SeriesTable().intern("m", { b: '"', a: "é" }, "tlong");

test("consecutive rows of one series make one message, and a change of series begins another", () => {
  const point = { metric: "m", tagset: {}, type: "tdouble", time, value: 42.1337 };
  const other = { ...point, metric: "n", time: 0, value: -0 };
  const lines = chunksOf([point, { ...point, time: time - 678, value: 5 }, other, point]).flatMap((chunk) => [
    ...messagesOf(chunk),
  ]);
  expect(lines).toEqual([
    '{"metric":"m","tagset":{},"type":"tdouble","values":[["2020-01-02T03:04:05.678",42.1337],["2020-01-02T03:04:05",5]]}',
    '{"metric":"n","tagset":{},"type":"tdouble","values":[["1970-01-01T00:00:00",-0]]}',
    '{"metric":"m","tagset":{},"type":"tdouble","values":[["2020-01-02T03:04:05.678",42.1337]]}',
  ]);
});

test("an observation is one line with all digits of its value", () => {
  expect(observationLine(series, time, 9007199254740993n)).toBe(
    '{"metric":"m","tagset":{"a":"é","b":"\\""},"datetime":"2020-01-02T03:04:05.678","value":9007199254740993,"type":"tlong"}',
  );
});

test.each([
  ["tlong", 2n ** 63n - 1n, "9223372036854775807"],
  ["tlong", 3, "3"],
  ["tdouble", 1e21, "1e+21"],
  ["tdouble", Number.POSITIVE_INFINITY, "null"],
  ["tbool", 1, "true"],
  ["tbool", false, "false"],
  ["tbinary", new Uint8Array([0, 255]), '"AP8="'],
  ["pos2d", { latitude: -0, longitude: 1.5 }, '{"latitude":-0,"longitude":1.5}'],
  [
    "date_tlong",
    { datetime: time, value: 9007199254740993n },
    '{"datetime":"2020-01-02T03:04:05.678","value":9007199254740993}',
  ],
  ["date_tbool", { datetime: 0, value: 0 }, '{"datetime":"1970-01-01T00:00:00","value":false}'],
])("an aggregation of type %s is one line", (type, value, text) => {
  const aggregation = { series, period: "1m", bucket: time - 5678, derivator: "max", type, value };
  expect(aggregationLine(aggregation)).toBe(
    `{"ts":{"metric":"m","tagset":{"a":"é","b":"\\""}},"interval":"1m","datetime":"2020-01-02T03:04:00",` +
      `"type":"${type}","value":${text},"aggregation":"max"}`,
  );
});

test("a dead letter is one line whatever its payload, even one that holds itself", () => {
  const letter = { node: "raw", code: "VALUE_INVALID", reason: 'a "b"', where: { line: 3 }, at: time } as const;
  const head = '{"node":"raw","code":"VALUE_INVALID","reason":"a \\"b\\"","where":{"line":3},"payload":';
  const tail = ',"at":"2020-01-02T03:04:05.678Z"}';
  const payload = {
    long: 9007199254740993n,
    none: undefined,
    list: [undefined, Number.NaN],
    bytes: new Uint8Array([1]),
  };
  expect(deadLetterLine({ ...letter, payload })).toBe(
    `${head}{"long":9007199254740993,"list":[null,null],"bytes":"AQ=="}${tail}`,
  );
  expect(deadLetterLine({ ...letter, payload: undefined })).toBe(`${head}null${tail}`);
  const circle: unknown[] = [];
  circle.push(circle);
  expect(JSON.parse(deadLetterLine({ ...letter, payload: circle }))).toMatchObject({ node: "raw" });
});
