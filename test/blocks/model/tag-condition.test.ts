import fc from "fast-check";
import { expect, test } from "vitest";
import { keysOf, parseTagCondition, readTagCondition, satisfies } from "../../../blocks/model/tag-condition.ts";

// The filters of TSorage's own tests.
test.each([
  ["=", "key", "value"],
  ["+", "key"],
  ["not", ["+", "my_tag"]],
  ["and", ["+", "my_tag"], ["=", "my_key", "my_value"]],
  ["or", ["+", "my_tag"], ["=", "my_key", "my_value"]],
  ["all"],
])("the filter %j of TSorage is read, from JSON text too", (...filter) => {
  expect(parseTagCondition(JSON.stringify(filter))).toEqual(readTagCondition(filter));
});

test.each([
  ["nothing", "as it must be JSON"],
  ['"all"', "at $ as a condition must be a list"],
  ["[]", "at $[0] as the first word must be one of"],
  ['["=","k"]', 'at $ as "=" must have 2 arguments'],
  ['["=","k",1]', "at $[2] as a key or a value must be text: it is 1"],
  ['["+"]', 'at $ as "+" must have 1 argument: it is []'],
  ['["all",1]', 'as "all" must have 0 arguments'],
  ['["and"]', 'at $ as "and" must have conditions'],
  ['["or",["all"],["not",["xor"]]]', "at $[2][1][0] as the first word must be one of"],
])("the filter %s is refused with the place of its fault", (text, sentence) => {
  expect(() => parseTagCondition(text)).toThrow(expect.objectContaining({ code: "SELECTOR_INVALID" }));
  expect(() => parseTagCondition(text)).toThrow(sentence);
});

test("conditions lie at most 64 deep", () => {
  const nested = (depth: number) => `${'["not",'.repeat(depth)}["all"]${"]".repeat(depth)}`;
  expect(parseTagCondition(nested(64)).kind).toBe("not");
  expect(() => parseTagCondition(nested(65))).toThrow("must lie at most 64 deep");
});

test("the keys of a condition are those that it speaks of, denied ones too", () => {
  const given = ["and", ["=", "a", "1"], ["or", ["+", "b"], ["not", ["=", "c", "2"]]], ["all"]];
  expect(keysOf(readTagCondition(given))).toEqual(new Set(["a", "b", "c"]));
});

const name = fc.constantFrom("a", "b", "c");
const { condition } = fc.letrec((again) => ({
  condition: fc.oneof(
    { depthSize: "small" },
    fc.constant(["all"]),
    fc.tuple(fc.constant("="), name, name),
    fc.tuple(fc.constant("+"), name),
    fc.tuple(fc.constant("not"), again("condition")),
    fc
      .tuple(fc.constantFrom("and", "or"), fc.array(again("condition"), { minLength: 1, maxLength: 3 }))
      .map(([word, of]) => [word, ...of]),
  ),
}));
const tagset = fc.dictionary(name, name).map((tags) => new Map(Object.entries(tags)));

test("a condition holds exactly where that of its JavaScript form does", () => {
  fc.assert(
    fc.property(condition, tagset, tagset, (given, dynamic, ofMetric) => {
      const pairs = [...dynamic, ...ofMetric];
      expect(satisfies(readTagCondition(given), dynamic, ofMetric)).toBe(holds(given as Filter, pairs));
    }),
  );
});

type Filter = readonly [string, ...(string | Filter)[]];

/** The set of pairs of both tagsets, searched in the plainest way. */
function holds([word, ...rest]: Filter, pairs: readonly (readonly [string, string])[]): boolean {
  const inner = () => rest.map((one) => holds(one as Filter, pairs));
  const forms: Record<string, () => boolean> = {
    all: () => true,
    "=": () => pairs.some(([key, value]) => key === rest[0] && value === rest[1]),
    "+": () => pairs.some(([key]) => key === rest[0]),
    not: () => !inner()[0],
    and: () => !inner().includes(false),
    or: () => inner().includes(true),
  };
  return forms[word]?.() ?? false;
}
