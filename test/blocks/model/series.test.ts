import { deserialize, serialize } from "node:v8";
import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalForm, renumbered, SeriesTable, sortedTagset } from "../../../blocks/model/series.ts";
import { EngineError } from "../../../runtime/errors.ts";

test("a series is the same whatever the order of its tags, and another for another type", () => {
  const table = new SeriesTable();
  const first = table.intern("m", { b: "2", a: "1" }, "tdouble");
  expect(
    table.intern(
      "m",
      new Map([
        ["a", "1"],
        ["b", "2"],
      ] as const),
      "tdouble",
    ),
  ).toBe(first);
  const other = table.intern("m", { a: "1", b: "2" }, "tlong");
  expect(other.index).toBe(1);
  expect(other.canonical).toBe(first.canonical);
  expect(other.hash).toBe(first.hash);
  expect(table.size).toBe(2);
  expect(table.at(0)).toBe(first);
});

test("the canonical form sorts the keys by code unit and escapes the values", () => {
  expect(canonicalForm("m", sortedTagset({}))).toBe("m");
  expect(canonicalForm("m", sortedTagset({ b: "x", B: "y", a: 'q"\\\n' }))).toBe('m{B="y",a="q\\"\\\\\\n",b="x"}');
});

test("the hash is FNV-1a of the UTF-8 bytes", () => {
  const table = new SeriesTable();
  // Vectors of draft-eastlake-fnv, section 8.
  expect(table.intern("a", {}, "tdouble").hash).toBe(0xe40c292c);
  expect(table.intern("foobar", {}, "tdouble").hash).toBe(0xbf9cf968);
  // By hand: the bytes c3 and a9.
  const byHand = Math.imul(Math.imul(0x811c9dc5 ^ 0xc3, 0x01000193) ^ 0xa9, 0x01000193) >>> 0;
  expect(table.intern("é", {}, "tdouble").hash).toBe(byHand);
});

test("a metric is not empty and holds no brace, which would make it look like another series", () => {
  const table = new SeriesTable();
  const invalid = expect.objectContaining({ code: "MESSAGE_INVALID" });
  expect(() => table.intern("", {}, "tdouble")).toThrow(invalid);
  expect(() => table.intern('m{a="x"}', {}, "tdouble")).toThrow(invalid);
  expect(table.size).toBe(0);
});

test("a full table refuses a new series and goes on with the known ones", () => {
  const table = new SeriesTable(2);
  table.intern("a", {}, "tdouble");
  const second = table.intern("b", {}, "tdouble");
  expect(() => table.intern("c", {}, "tdouble")).toThrow(EngineError);
  expect(() => table.intern("c", {}, "tdouble")).toThrow(expect.objectContaining({ code: "SERIES_LIMIT" }));
  expect(table.intern("b", {}, "tdouble")).toBe(second);
  expect(table.size).toBe(2);
});

test("asking for an index that is not there is a bug", () => {
  expect(() => new SeriesTable().at(0)).toThrow(RangeError);
});

test("a tag called __proto__ is a tag like any other", () => {
  const series = new SeriesTable().intern("m", JSON.parse('{"__proto__":"x"}') as Record<string, string>, "tdouble");
  expect(series.canonical).toBe('m{__proto__="x"}');
  expect(series.tagset.get("__proto__")).toBe("x");
});

test("the tags of a series are those that it was named with, whatever stands in them", () => {
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: fc.constantFrom("a", '"', "\\", "=", ",", "{", "}", "n", "\n") }),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(text, text), { maxLength: 4 }), (entries) => {
      const tags = new Map(entries);
      const { tagset } = new SeriesTable().intern("m", tags, "tdouble");
      expect([...tagset]).toEqual([...sortedTagset(tags)]);
    }),
  );
});

test("a series under another number is the same otherwise", () => {
  const series = new SeriesTable().intern("m", { 'a="': "x", b: "y" }, "tlong");
  const { index, tagset, ...names } = renumbered(series, 7);
  expect(index).toBe(7);
  expect(tagset).toEqual(series.tagset);
  expect(names).toEqual({ metric: "m", type: "tlong", canonical: series.canonical, hash: series.hash });
});

test("a series keeps all its names where a plugin spreads, clones or serializes it", () => {
  const table = new SeriesTable();
  const series = table.intern("flow", { site: "a", line: 'x="1"' }, "tdouble");
  const { index, metric, tagset, type, canonical, hash } = series;
  const named = { index, metric, tagset, type, canonical, hash };
  expect([...tagset]).toEqual([
    ["line", 'x="1"'],
    ["site", "a"],
  ]);
  expect({ ...series }).toEqual(named);
  expect(structuredClone(series)).toEqual(named);
  expect(deserialize(serialize(series))).toEqual(named);
});
