import fc from "fast-check";
import { expect, test } from "vitest";
import { exactQuotient } from "../../../blocks/model/exact-quotient.ts";

test("quotients of small numbers are those of doubles, which round once too", () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), fc.integer({ min: 1 }), (numerator, denominator) => {
      const expected = numerator / denominator;
      expect(exactQuotient(BigInt(numerator), BigInt(denominator))).toBe(expected === 0 ? 0 : expected);
    }),
  );
});

test("a quotient just beside the middle of two doubles goes to the nearer, the middle itself to the even one", () => {
  const middle = 2n ** 54n + 2n;
  const third = 3n;
  expect(exactQuotient(middle * third, third)).toBe(2 ** 54);
  expect(exactQuotient(middle * third + 1n, third)).toBe(2 ** 54 + 4);
  expect(exactQuotient(-(middle * third) - 1n, third)).toBe(-(2 ** 54) - 4);
  expect(exactQuotient(middle * third - 1n, third)).toBe(2 ** 54);
});
