import fc from "fast-check";
import { expect, test } from "vitest";
import { type Cell, resultFromJson, resultToJson } from "../../../blocks/query/query-result.ts";

const cell: fc.Arbitrary<Cell> = fc.oneof(
  fc.string(),
  fc.double(),
  fc.boolean(),
  fc.bigInt({ min: -(2n ** 130n), max: 2n ** 130n }),
  fc.constant(null),
  fc.uint8Array().map((bytes) => new Uint8Array(bytes)),
  fc.dictionary(fc.string(), fc.oneof(fc.bigInt(), fc.double(), fc.array(fc.string()))),
  fc.record({ long: fc.string(), binary: fc.string() }),
);

test("an answer that went through JSON is the same", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string(), fc.integer(), cell)), (rows) => {
      const result = { columns: ["series", "timestamp", "x"], rows };
      const read = resultFromJson(resultToJson(result));
      expect(read).toEqual(result);
      expect(resultToJson(read)).toBe(resultToJson(result));
    }),
  );
});

test("a cell beside an integer that a double holds keeps its sign and its digits", () => {
  const rows: [string, number, ...Cell[]][] = [["m", 1, -0, 2n ** 53n + 1n, Number.POSITIVE_INFINITY]];
  const read = resultFromJson(resultToJson({ columns: ["series", "timestamp", "a", "b", "c"], rows }));
  expect(read.rows[0]?.slice(2)).toEqual([-0, 9007199254740993n, Number.POSITIVE_INFINITY]);
});

test.each([
  "",
  "[]",
  '{"columns":1,"rows":[]}',
  '{"columns":["series"],"rows":{}}',
  '{"columns":["series","timestamp"],"rows":[["m"]]}',
  '{"columns":["series","timestamp"],"rows":[["m","1"]]}',
  '{"columns":["series","timestamp","x"],"rows":[["m",1,{"long":"1e5"}]]}',
  '{"columns":["series","timestamp","x"],"rows":[["m",1,{"double":"1"}]]}',
])("what is no answer is refused: %s", (text) => {
  expect(() => resultFromJson(text)).toThrow(expect.objectContaining({ code: "MESSAGE_INVALID" }));
});
