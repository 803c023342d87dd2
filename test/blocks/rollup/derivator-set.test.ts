import assert from "node:assert/strict";
import { test } from "vitest";
import { builtInDerivators } from "../../../blocks/derivators/catalogue.ts";
import type { Derivator } from "../../../blocks/model/derivator.ts";
import { DerivatorSet, DerivatorSets } from "../../../blocks/rollup/derivator-set.ts";
import { trail } from "./trail-derivator.ts";

const withTrail = [...builtInDerivators, trail as Derivator];
const points = { time: Float64Array.of(1, 2, 3), values: BigInt64Array.of(-5n, 2n ** 62n, 2n ** 62n) };

test("a set has what applies to its type, by name", () => {
  const names = (type: string) => new DerivatorSet(type, builtInDerivators).derivators.map(({ name }) => name);
  assert.deepEqual(names("tlong"), ["count", "first", "last", "max", "min", "s_sum", "sum"]);
  assert.deepEqual(names("plugin-type"), ["count", "first", "last"]);
  assert.equal(new DerivatorSet("tdouble", builtInDerivators).empty, true);
});

test("encoded states come back as they were", () => {
  const set = new DerivatorSet("tlong", withTrail);
  const states = set.seed();
  assert.deepEqual(set.decode(set.encode(states)), states);
  set.add(states, points, 0, 3);
  assert.deepEqual(set.decode(set.encode(states)), states);
  // A view into something larger, as a store hands it out.
  const bytes = Uint8Array.from([9, 9, ...set.encode(states), 9]).subarray(2, -1);
  assert.deepEqual(set.decode(bytes), states);
});

test("a copy goes its own way", () => {
  const set = new DerivatorSet("tlong", withTrail);
  const states = set.seed();
  set.add(states, points, 0, 1);
  const copy = set.copy(states);
  set.add(copy, points, 1, 3);
  assert.deepEqual(set.result(states, "trail"), [1]);
  assert.deepEqual(set.result(copy, "trail"), [1, 2, 3]);
});

test("a derivator that one of the finer buckets lacks is lacking in the coarse one, and the others are not", () => {
  const before = new DerivatorSet("tlong", builtInDerivators);
  const stored = before.seed();
  before.add(stored, points, 0, 1);
  const set = new DerivatorSet("tlong", withTrail);
  const old = set.decode(before.encode(stored));
  const fresh = set.seed();
  set.add(fresh, points, 1, 3);
  for (const [earlier, later] of [
    [old, set.copy(fresh)],
    [set.copy(fresh), old],
  ] as const) {
    const merged = set.copy(earlier);
    set.merge(merged, later);
    assert.equal(set.result(merged, "trail"), undefined);
    assert.equal(set.result(merged, "count"), 3);
    assert.deepEqual(set.result(set.decode(set.encode(merged)), "trail"), undefined);
  }
});

test("a derivator that the set has no longer is passed over in what is stored", () => {
  const states = new DerivatorSet("ttext", withTrail).seed();
  const bytes = new DerivatorSet("ttext", withTrail).encode(states);
  const set = new DerivatorSet("ttext", builtInDerivators);
  assert.deepEqual(set.decode(bytes), set.seed());
  assert.equal(set.result(set.seed(), "trail"), undefined);
});

test("the set of a type is made once", () => {
  const sets = new DerivatorSets(builtInDerivators);
  assert.equal(sets.of("tlong"), sets.of("tlong"));
  assert.notEqual(sets.of("tlong"), sets.of("ttext"));
});
