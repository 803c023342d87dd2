import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "vitest";
import { editDistance, suggestion } from "../../config/suggestion.ts";

test("the nearest word is suggested while it is near enough", () => {
  const words = ["host", "port", "interval", "holding_registers"];

  assert.equal(suggestion("hots", words), "host");
  assert.equal(suggestion("Port", words), "port");
  assert.equal(suggestion("holding_register", words), "holding_registers");
  assert.equal(suggestion("regis_holding", words), undefined);
  assert.equal(suggestion("xxxx", words), undefined);
});

test("up to 2 edits are near, or a third of the length", () => {
  assert.equal(suggestion("abcdxx", ["abcdef"]), "abcdef");
  assert.equal(suggestion("abcxxx", ["abcdef"]), undefined);
  assert.equal(suggestion("abcdefxxx", ["abcdefghi"]), "abcdefghi");
  assert.equal(suggestion("abcdexxxx", ["abcdefghi"]), undefined);
  assert.equal(suggestion("ax", ["ab"]), "ab");
  assert.equal(suggestion("xx", ["ab"]), undefined);
});

test("the edit distance is symmetric, zero for equals alone, and at most the longer length", () => {
  const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 8 });
  fc.assert(
    fc.property(word, word, (one, other) => {
      const distance = editDistance(one, other);
      assert.equal(distance, editDistance(other, one));
      assert.equal(distance === 0, one === other);
      assert.ok(distance <= Math.max(one.length, other.length));
    }),
  );
});

test("a swap of neighbours is one edit", () => {
  assert.equal(editDistance("form", "from"), 1);
  assert.equal(editDistance("kitten", "sitting"), 3);
});
