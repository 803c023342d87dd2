import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "vitest";
import { decodeBoxed, encodeBoxed } from "../../../../blocks/model/rows/boxed-value.ts";

test("text of any code units, any bytes and any JSON come back as they were", () => {
  const value = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string({ unit: fc.constantFrom("\ud800", "\udc00", "a", "é") }),
    fc.uint8Array(),
    fc.jsonValue({ noUnicodeString: false }),
  );
  fc.assert(
    fc.property(value, (given) => {
      // JSON has no -0.
      const expected = given instanceof Uint8Array ? given : JSON.parse(JSON.stringify(given));
      assert.deepEqual(decodeBoxed(encodeBoxed(given)), expected);
    }),
  );
});

test("binary values do not share the memory that they were read from", () => {
  const bytes = encodeBoxed(Uint8Array.of(1, 2));
  const value = decodeBoxed(bytes);
  bytes.fill(9);
  assert.deepEqual(value, Uint8Array.of(1, 2));
});

test("what is no JSON is a bug, not a value", () => {
  assert.throws(() => encodeBoxed(undefined), assert.AssertionError);
  assert.throws(() => encodeBoxed(() => 1), assert.AssertionError);
});
