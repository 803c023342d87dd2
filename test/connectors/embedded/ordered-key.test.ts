import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "vitest";
import { readOrdered, writeOrdered } from "../../../connectors/embedded/ordered-key.ts";

const encoded = (value: number) => {
  const bytes = Buffer.alloc(8);
  writeOrdered(bytes, 0, value);
  return bytes;
};
const number = fc.oneof(fc.double({ noNaN: true }), fc.maxSafeInteger());

test("a number comes back from its bytes, -0 as 0", () => {
  fc.assert(fc.property(number, (value) => readOrdered(encoded(value), 0) === value));
  assert.equal(Object.is(readOrdered(encoded(-0), 0), 0), true);
});

test("the order of the bytes is the order of the numbers", () => {
  fc.assert(
    fc.property(number, number, (a, b) => {
      assert.equal(Buffer.compare(encoded(a), encoded(b)), Math.sign(a > b ? 1 : a < b ? -1 : 0));
    }),
  );
  const ascending = [Number.NEGATIVE_INFINITY, -62_135_596_800_000, -1, 0, 5e-324, 1, Number.POSITIVE_INFINITY];
  const sorted = [...ascending].reverse().sort((a, b) => Buffer.compare(encoded(a), encoded(b)));
  assert.deepEqual(sorted, ascending);
});
