import fc from "fast-check";
import { expect, test } from "vitest";
import { isTagKey } from "../../../blocks/model/message-series.ts";
import { matchesFilter, parseSelector } from "../../../blocks/model/selector.ts";
import { SeriesTable } from "../../../blocks/model/series.ts";

test.each([
  ["m", "m", {}],
  ["m{}", "m", {}],
  ["{}", undefined, {}],
  ['{a="x"}', undefined, { a: "x" }],
  ['pump temperature{a="x",b=""}', "pump temperature", { a: "x", b: "" }],
  [' m{ a="x" , b="y" } ', " m", { a: "x", b: "y" }],
  ['m{a="q\\"\\\\\\n}"}', "m", { a: 'q"\\\n}' }],
  ['m}"={a="x"}', 'm}"=', { a: "x" }],
])("%j selects the metric %j with the tags %j", (text, metric, tags) => {
  const filter = parseSelector(text);
  expect(filter.metric).toBe(metric);
  expect(Object.fromEntries(filter.tags)).toEqual(tags);
});

test.each([
  ["", 1],
  ["m{", 3],
  ["m{a", 3],
  ["m{a=x}", 3],
  ['m{="x"}', 3],
  ['m{a="x"', 8],
  ['m{a="x', 7],
  ['m{a="x\\', 7],
  ['m{a="\\t"}', 6],
  ['m{a="x",}', 9],
  ['m{a="x" b="y"}', 9],
  ['m{a="x"}y', 9],
  ["m{}{}", 3],
  ['m{a="x",a="y"}', 9],
])("%j is refused at column %d", (text, column) => {
  expect(() => parseSelector(text)).toThrow(expect.objectContaining({ code: "SELECTOR_INVALID", where: { column } }));
});

test("the canonical form of a series selects exactly its metric and tags", () => {
  const text = fc.string({ unit: "grapheme", maxLength: 10 });
  const nasty = fc.string({ unit: fc.constantFrom('"', "\\", "\n", "=", ",", "}", "n", " ", "a"), maxLength: 8 });
  const any = fc.oneof(text, nasty);
  const metric = any.filter((name) => name !== "" && !name.includes("{"));
  const tags = fc.uniqueArray(fc.tuple(any.filter(isTagKey), any), { maxLength: 5, selector: ([key]) => key });
  fc.assert(
    fc.property(metric, tags, (name, entries) => {
      const series = new SeriesTable().intern(name, new Map(entries), "tdouble");
      const filter = parseSelector(series.canonical);
      expect(filter.metric).toBe(name);
      expect([...filter.tags]).toEqual([...series.tagset]);
      expect(matchesFilter(filter, series)).toBe(true);
    }),
    { numRuns: 1000 },
  );
});

test("a filter matches a series that has further tags, and none that lacks one or differs", () => {
  const table = new SeriesTable();
  const series = table.intern("m", { a: "1", b: "2" }, "tdouble");
  expect(matchesFilter(parseSelector("m"), series)).toBe(true);
  expect(matchesFilter(parseSelector("{}"), series)).toBe(true);
  expect(matchesFilter(parseSelector('{b="2"}'), series)).toBe(true);
  expect(matchesFilter(parseSelector('m{a="2"}'), series)).toBe(false);
  expect(matchesFilter(parseSelector('m{c="1"}'), series)).toBe(false);
  expect(matchesFilter(parseSelector("n"), series)).toBe(false);
});

test("any text is a filter or a fault with a column inside it", () => {
  const pieces = fc.constantFrom("m", "{", "}", "a", "=", '"', ",", "\\", " ", "n");
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 16 }), (parts) => {
      const text = parts.join("");
      try {
        expect(parseSelector(text).tags).toBeInstanceOf(Map);
      } catch (error) {
        expect(error).toMatchObject({ code: "SELECTOR_INVALID" });
        const { column } = (error as { where: { column: number } }).where;
        expect(column >= 1 && column <= text.length + 1).toBe(true);
      }
    }),
    { numRuns: 1000 },
  );
});
