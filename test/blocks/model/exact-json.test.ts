import fc from "fast-check";
import { expect, test } from "vitest";
import { exactDepthMax, JsonFault, parseExactJson } from "../../../blocks/model/exact-json.ts";
import { elementOffsets, PositionFinder } from "../../../blocks/model/text-position.ts";

/** The value, or the word "fault". */
function outcome(parse: () => unknown): unknown {
  try {
    return { value: parse() };
  } catch (error) {
    expect(error instanceof SyntaxError || error instanceof JsonFault).toBe(true);
    return "fault";
  }
}

test("the exact parser reads and refuses what JSON.parse does", () => {
  const pieces = fc.constantFrom(
    ...'{}[],:"\\ \n\t019.eE+-',
    "true",
    "null",
    "fals",
    '"a"',
    "\\u00e9",
    "\\ud8",
    "é",
    "\u0001",
  );
  const soup = fc.array(pieces, { maxLength: 10 }).map((parts) => parts.join(""));
  const json = fc
    .json()
    .chain((text) =>
      fc
        .record({ at: fc.nat({ max: text.length }), piece: fc.oneof(fc.constant(""), pieces) })
        .map(({ at, piece }) => text.slice(0, at) + piece + text.slice(at)),
    );
  fc.assert(
    fc.property(fc.oneof(soup, json), (text) => {
      const integers = /\d{16}/.test(text);
      fc.pre(!integers);
      expect(outcome(() => parseExactJson(text))).toEqual(outcome(() => JSON.parse(text)));
    }),
    { numRuns: 5000 },
  );
});

test("integers beyond the safe range come as bigint, all other numbers as JSON.parse has them", () => {
  const text = "[9007199254740991, 9007199254740992, -9007199254740993, 1e20, 9007199254740993.0, -0]";
  const expected = [9007199254740991, 9007199254740992n, -9007199254740993n, 1e20, 9007199254740992, -0];
  expect(parseExactJson(text)).toEqual(expected);
});

test("the nesting may be as deep as the limit and no deeper", () => {
  const nested = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
  expect(parseExactJson(nested(exactDepthMax + 1))).toBeInstanceOf(Array);
  expect(() => parseExactJson(nested(exactDepthMax + 2))).toThrow(JsonFault);
});

test("a value can be read out of the middle of a text", () => {
  expect(parseExactJson("[1, {} ]", 4, "allowed")).toEqual({});
  expect(() => parseExactJson("[1, {} ]", 4)).toThrow(expect.objectContaining({ offset: 7 }));
});

test("the offsets of the elements of an array are where their values can be read", () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue(), { maxLength: 6 }), fc.constantFrom(undefined, 1, "\t"), (array, space) => {
      const text = JSON.stringify(array, null, space);
      const offsets = elementOffsets(text);
      const elements = offsets.map((offset) => parseExactJson(text, offset, "allowed"));
      const rounded = JSON.stringify(elements, (_, value: unknown) =>
        typeof value === "bigint" ? Number(value) : value,
      );
      expect(rounded).toBe(JSON.stringify(JSON.parse(text)));
    }),
  );
});

test("positions are those that counting gives, in any order of asking", () => {
  const text = "ab\n\nc\r\nd";
  const finder = new PositionFinder(text);
  for (const offset of [0, 2, 3, 4, 6, 7, 8, 1, 5]) {
    const before = text.slice(0, offset).split("\n");
    expect(finder.at(offset)).toEqual({ line: before.length, column: (before.at(-1) ?? "").length + 1 });
  }
});
