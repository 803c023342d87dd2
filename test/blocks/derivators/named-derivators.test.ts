import fc from "fast-check";
import { expect, test } from "vitest";
import { builtInDerivators, namedDerivators } from "../../../blocks/derivators/catalogue.ts";
import { newColumn, type Points } from "../../../blocks/model/columns.ts";
import { type DataType, layoutOf } from "../../../blocks/model/data-type.ts";
import type { Derivator } from "../../../blocks/model/derivator.ts";

const all = [...builtInDerivators, ...namedDerivators];
const day = { start: 0, end: 86_400_000 };

function points(type: DataType, rows: readonly (readonly [number, unknown])[]): Points {
  const values = newColumn(layoutOf(type), rows.length);
  for (const [row, [, value]] of rows.entries()) values[row] = value;
  return { time: Float64Array.from(rows, ([time]) => time), values };
}

function resultOf(name: string, type: DataType, rows: readonly (readonly [number, unknown])[], bucket = day): unknown {
  const derivator = all.find((one) => one.name === name && one.appliesTo(type)) as Derivator;
  return derivator.result(derivator.add(derivator.seed(), points(type, rows), 0, rows.length), bucket);
}

test("an increase counts on from a reset, and a rate is per second between first and last", () => {
  const counter = [100, 150, 20, 50].map((value, index) => [index * 10_000, value] as const);
  expect(resultOf("increase", "tdouble", counter)).toBe(50 + 20 + 30);
  expect(resultOf("rate", "tdouble", counter)).toBe(100 / 30);
  const huge = [2n ** 62n, 2n ** 62n + 1n, 5n].map((value, index) => [index * 1_000, value] as const);
  expect(resultOf("increase", "tlong", huge)).toBe(6n);
  expect(resultOf("rate", "tlong", huge)).toBe(3);
});

test("one data point has no increase and no rate, and is its own mean over time", () => {
  expect(resultOf("increase", "tdouble", [[0, 7]])).toBeUndefined();
  expect(resultOf("rate", "tlong", [[0, 7n]])).toBeUndefined();
  expect(resultOf("time_weighted_mean", "tdouble", [[0, 7]])).toBe(7);
});

test("in a mean over time each value counts for as long as it held", () => {
  expect(
    resultOf("time_weighted_mean", "tdouble", [
      [0, 10],
      [1_000, 20],
      [4_000, 99],
    ]),
  ).toBe((10 + 20 * 3) / 4);
  expect(
    resultOf("time_weighted_mean", "tbool", [
      [0, 1],
      [1_000, 0],
      [4_000, 1],
    ]),
  ).toBe(0.25);
  // The area is beyond 2^53, and its quotient still exact.
  const apart = 2n ** 60n;
  expect(
    resultOf("time_weighted_mean", "tlong", [
      [0, apart],
      [1_000, apart + 256n],
      [2_000, 0n],
    ]),
  ).toBe(Number(apart + 128n));
});

test("coverage is the share of minutes with a data point", () => {
  const hour = { start: 0, end: 3_600_000 };
  const rows = [0, 1, 59_999, 60_000, 600_000].map((time) => [time, "x"] as const);
  expect(resultOf("coverage", "ttext", rows, hour)).toBe(3 / 60);
  expect(resultOf("coverage", "ttext", rows.slice(0, 1), { start: 0, end: 10_000 })).toBe(1);
});

test("distinct values are exact up to 256, and within 7 % (three standard errors) for many", () => {
  const of = (count: number) =>
    Array.from({ length: 3 * count }, (_, index) => [index, `value ${index % count}`] as const);
  expect(resultOf("distinct", "ttext", of(256))).toBe(256);
  for (const count of [257, 1_000, 10_000, 100_000]) {
    const found = resultOf("distinct", "ttext", of(count)) as number;
    expect(Math.abs(found - count) / count).toBeLessThan(0.07);
  }
  expect(
    resultOf("distinct", "tdouble", [
      [0, 0],
      [1, -0],
      [2, 1],
    ]),
  ).toBe(2);
  expect(
    resultOf("distinct", "pos2d", [
      [0, { latitude: 1, longitude: 2 }],
      [1, { longitude: 2, latitude: 1 }],
    ]),
  ).toBe(1);
});

test("quantiles of any values are within 1 % of the value at their place in order", () => {
  const value = fc.oneof(
    fc
      .double({ noNaN: true, noDefaultInfinity: true, min: -1e12, max: 1e12 })
      .filter((x) => x === 0 || Math.abs(x) > 1e-4),
    fc.integer({ min: -5, max: 5 }),
  );
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 300 }), (values) => {
      const sorted = [...values].sort((a, b) => a - b);
      const rows = values.map((one, index) => [index, one] as const);
      for (const [name, q] of [
        ["p50", 0.5],
        ["p90", 0.9],
        ["p99", 0.99],
      ] as const) {
        const expected = sorted[Math.floor(q * (values.length - 1))] as number;
        expect(Math.abs((resultOf(name, "tdouble", rows) as number) - expected)).toBeLessThanOrEqual(
          0.010001 * Math.abs(expected),
        );
      }
      const bins = resultOf("histogram", "tdouble", rows) as [number, number, number][];
      expect(bins.reduce((sum, [, , count]) => sum + count, 0)).toBe(values.length);
      expect([bins[0]?.[0], bins.at(-1)?.[1]].map((one) => (one as number) + 0)).toEqual([
        (sorted[0] as number) + 0,
        (sorted.at(-1) as number) + 0,
      ]);
    }),
  );
});

test("a sketch holds at most 2,048 bins a sign, and quantiles above the lowest stay within 1 %", () => {
  const rows = Array.from({ length: 20_000 }, (_, index) => [index, 10 ** ((index - 10_000) / 40)] as const);
  const bins = resultOf("histogram", "tdouble", rows) as unknown[];
  expect(bins.length).toBeLessThanOrEqual(2_048);
  const expected = rows[Math.floor(0.99 * 19_999)]?.[1] as number;
  expect(Math.abs((resultOf("p99", "tdouble", rows) as number) / expected - 1)).toBeLessThan(0.0101);
});

// TSorage's own tests of its pos2d aggregations.
test.each([
  ["maxlat", 2, -2],
  ["minlat", -2, -1],
  ["maxlong", -1, 2],
  ["minlong", 2, -2],
])("of four positions %s is the one of TSorage", (name, latitude, longitude) => {
  const positions = [
    [1, 1],
    [-1, 2],
    [-2, -1],
    [2, -2],
  ].map(([lat, long], index) => [index, { latitude: lat, longitude: long }] as const);
  expect(resultOf(name, "pos2d", positions)).toEqual({ latitude, longitude });
  expect(resultOf("bounding_box", "pos2d", positions)).toEqual({ south: -2, north: 2, west: -2, east: 2 });
});

test("any order of adding to and merging a sketch or a set of values gives the same state", () => {
  const values = fc.array(
    fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer({ min: -3, max: 3 }), fc.constant(-0)),
    { maxLength: 900 },
  );
  fc.assert(
    fc.property(values, fc.nat(900), fc.constantFrom("distinct", "p50"), (given, cut, name) => {
      const derivator = all.find((one) => one.name === name) as Derivator;
      const state = (some: readonly number[]) =>
        derivator.add(
          derivator.seed(),
          points(
            "tdouble",
            some.map((value, time) => [time, value]),
          ),
          0,
          some.length,
        );
      const once = derivator.encode(state(given));
      const [one, other] = [state(given.slice(0, cut)), state(given.slice(cut))];
      expect(derivator.encode(derivator.merge(derivator.decode(derivator.encode(other)), one))).toEqual(once);
      expect(derivator.encode(derivator.merge(state([...given.slice(0, cut)].reverse()), other))).toEqual(once);
    }),
    { numRuns: 50, examples: [[[-0, 0], 1, "p50"]] },
  );
});
