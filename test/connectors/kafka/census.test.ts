import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "vitest";
import { Census } from "../../../connectors/kafka/census.ts";

const sizes = fc.array(fc.record({ rows: fc.integer({ min: 1, max: 50 }), bytes: fc.integer({ min: 1, max: 999 }) }), {
  minLength: 1,
  maxLength: 40,
});

test("of records that are all known, what lies before each consumer is exact, in whatever order they become known", () => {
  fc.assert(
    fc.property(sizes, fc.array(fc.nat(40), { maxLength: 6 }), fc.infiniteStream(fc.nat()), (given, moves, chance) => {
      const census = new Census();
      census.move("a", 0);
      const left = [...given.keys()];
      const learn = () => {
        const [offset = 0] = left.splice((chance.next().value as number) % left.length, 1);
        census.learn(offset, given[offset]?.rows ?? 0, given[offset]?.bytes ?? 0);
      };
      let position = 0;
      for (const move of moves) {
        if (left.length > 0) learn();
        position = Math.min(given.length, Math.max(position, move));
        census.move("a", position);
      }
      while (left.length > 0) learn();
      const sum = (key: "rows" | "bytes") => given.slice(position).reduce((total, one) => total + one[key], 0);
      const expected = { records: given.length - position, rows: sum("rows"), bytes: sum("bytes") };
      assert.deepEqual(census.ahead("a"), expected);
      census.drop(census.settled);
      assert.deepEqual(census.ahead("a"), expected);
      assert.deepEqual(census.depth, expected);
    }),
  );
});

test("records of others count as the average of those that are known", () => {
  const census = new Census();
  census.learn(0, 10, 100);
  census.learn(1, 20, 200);
  census.high = 4;
  assert.deepEqual(census.ahead(), { records: 4, rows: 60, bytes: 600 });
  census.learn(2, 1, 10);
  assert.deepEqual(census.ahead(), { records: 4, rows: 31 + 10, bytes: 310 + 103 });
});

test("what is supposed of several records is exact together, and gives way to what is read", () => {
  const census = new Census();
  census.low = 5;
  census.high = 8;
  census.move("a", 5);
  census.suppose(5, { records: 3, rows: 10, bytes: 100 });
  assert.deepEqual(census.ahead("a"), { records: 3, rows: 10, bytes: 100 });
  for (const [place, rows] of [2, 7, 1].entries()) census.learn(5 + place, rows, rows * 10);
  assert.deepEqual(census.ahead("a"), { records: 3, rows: 10, bytes: 100 });
});

test("the slowest consumer says what is settled and how deep it is; without consumers nothing is settled", () => {
  const census = new Census();
  for (const offset of [0, 1, 2]) census.learn(offset, 1, 1);
  assert.deepEqual([census.settled, census.depth.records], [0, 3]);
  census.move("fast", 3);
  assert.deepEqual([census.settled, census.depth.records], [3, 0]);
  census.move("slow", 1);
  assert.deepEqual([census.settled, census.depth.records], [1, 2]);
  census.forget("slow");
  assert.equal(census.settled, 3);
});

test("what will lie before a consumer is counted from where it will stand, and no more is supposed than is there", () => {
  const census = new Census();
  census.move("a", 0);
  for (const [offset, rows] of [3, 5, 7].entries()) census.learn(offset, rows, rows);
  assert.deepEqual(census.aheadFrom("a", 2), { records: 1, rows: 7, bytes: 7 });
  assert.deepEqual(census.ahead("a"), { records: 3, rows: 15, bytes: 15 });
  const again = new Census();
  again.high = 3;
  again.suppose(2, { records: 3, rows: 15, bytes: 15 });
  assert.deepEqual([again.high, again.ahead().records], [3, 3]);
});

test("what a consumer reads again lies before it, and counts as settled all the same", () => {
  const census = new Census();
  for (const [offset, rows] of [3, 5, 7, 9].entries()) census.learn(offset, rows, rows * 10);
  census.move("a", 3);
  census.move("b", 4);
  census.move("a", 1, 3);
  assert.deepEqual(census.ahead("a"), { records: 3, rows: 21, bytes: 210 });
  assert.deepEqual([census.rowsAgain("a"), census.rowsAgain("b")], [12, 0]);
  assert.deepEqual([census.settled, census.passed, census.depth.rows], [3, 1, 9]);
  census.learn(4, 1, 10);
  census.move("a", 2, 3);
  assert.deepEqual([census.rowsAgain("a"), census.ahead("a").rows, census.depth.rows], [7, 17, 10]);
  census.move("a", 3);
  assert.deepEqual([census.rowsAgain("a"), census.settled, census.passed], [0, 3, 3]);
});

test("what is settled fits in so many bytes from an offset on, and records of unknown size count as the average", () => {
  const census = new Census();
  for (let offset = 0; offset < 10; offset += 1) census.learn(offset, 1, 100);
  census.move("a", 8);
  const within = (bytes: number) => census.settledWithin(bytes);
  assert.deepEqual([0, 99, 100, 350, 799, 800, 10_000].map(within), [8, 8, 7, 5, 1, 0, 0]);
  census.drop(6);
  assert.deepEqual([0, 199, 200, 350, 799, 800].map(within), [8, 7, 6, 5, 1, 0]);
});

test("a consumer far behind what is remembered has the average before it", () => {
  const census = new Census();
  for (let offset = 0; offset < 100; offset += 1) census.learn(offset, 2, 20);
  census.move("a", 100);
  census.drop(60);
  census.move("a", 10, 100);
  assert.deepEqual([census.ahead("a").rows, census.rowsAgain("a"), census.settled, census.passed], [180, 180, 100, 10]);
  const fresh = new Census();
  fresh.high = 100;
  fresh.believe(census.seen);
  assert.equal(fresh.ahead().rows, 200);
});
