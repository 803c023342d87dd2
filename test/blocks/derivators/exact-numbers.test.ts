import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "vitest";
import { longMax, longMin, longSquares, longSum } from "../../../blocks/derivators/exact-numbers.ts";

const longs = fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), { minLength: 1, maxLength: 50 });

const laws = [
  [longMin, (values: readonly bigint[]) => ascending(values).at(0)],
  [longMax, (values: readonly bigint[]) => ascending(values).at(-1)],
  [longSum, (values: readonly bigint[]) => values.reduce((a, b) => a + b)],
  [longSquares, (values: readonly bigint[]) => values.reduce((sum, value) => sum + value * value, 0n)],
] as const;

test.each(laws.map(([derivator, expected]) => [derivator.name, derivator, expected] as const))(
  "%s of longs is exact, folded, merged and stored between",
  (_name, derivator, expected) => {
    fc.assert(
      fc.property(longs, longs, (earlier, later) => {
        const stored = (values: readonly bigint[]) => derivator.decode(derivator.encode(stateOf(values)));
        assert.equal(derivator.result(stored(earlier)), expected(earlier));
        const merged = derivator.merge(stored(earlier), stored(later));
        assert.equal(derivator.result(merged), expected([...earlier, ...later]));
      }),
    );
    function stateOf(values: readonly bigint[]) {
      const points = { time: new Float64Array(values.length), values: BigInt64Array.from(values) };
      return derivator.add(derivator.seed(), points, 0, values.length);
    }
  },
);

test.each(laws.map(([derivator]) => [derivator.name, derivator] as const))(
  "%s of no points is nothing, also stored, and changes nothing in a merge",
  (_name, derivator) => {
    const empty = derivator.decode(derivator.encode(derivator.seed()));
    assert.equal(derivator.result(empty), undefined);
    assert.equal(derivator.merge(5n, empty), 5n);
    assert.equal(derivator.merge(empty, 5n), 5n);
    assert.deepEqual([derivator.appliesTo("tlong"), derivator.appliesTo("tdouble")], [true, false]);
  },
);

test("a sum goes on beyond 2^53 and 2^63 to the last digit", () => {
  const values = BigInt64Array.of(2n ** 53n, 1n, 2n ** 63n - 1n, 2n ** 63n - 1n);
  const points = { time: new Float64Array(4), values };
  assert.equal(longSum.add(longSum.seed(), points, 0, 4), 18_455_751_272_964_292_607n);
  assert.equal(longSum.add(longSum.seed(), points, 0, 2), 9_007_199_254_740_993n);
});

function ascending(values: readonly bigint[]): bigint[] {
  return [...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}
