import assert from "node:assert/strict";
import { expect, test } from "vitest";
import { Receipt, Tally } from "../../runtime/receipt.ts";

function receipt(rows: number) {
  const settled: Tally[] = [];
  const failed: Error[] = [];
  const made = new Receipt(
    rows,
    (tally) => settled.push(tally),
    (error) => failed.push(error),
  );
  return { made, settled, failed };
}

test("a receipt settles at the last release, not before", () => {
  const { made, settled } = receipt(3);
  made.hold(2);
  made.durable(3);
  made.release();
  made.release();
  expect(settled).toEqual([]);
  made.release();
  expect(settled).toHaveLength(1);
  expect(settled[0]?.balanced).toBe(true);
});

test("a receipt that failed tells so once and never settles", () => {
  const { made, settled, failed } = receipt(1);
  made.hold(2);
  const error = new Error("disk full");
  made.fail(error);
  made.fail(new Error("later"));
  made.release();
  expect(failed).toEqual([error]);
  expect(settled).toEqual([]);
});

test("a receipt released more often than held is a bug", () => {
  const { made } = receipt(1);
  made.release();
  assert.throws(() => made.release(), assert.AssertionError);
});

test("a settled receipt cannot be held", () => {
  const { made } = receipt(1);
  made.release();
  assert.throws(() => made.hold(), assert.AssertionError);
});

test("the books balance with copies, filtered and dead-lettered rows, and not with one row less", () => {
  const { made } = receipt(5);
  made.added(2);
  made.durable(3);
  made.filtered("late", 2);
  made.deadLettered("not a number", 1);
  expect(made.tally.balanced).toBe(false);
  made.filtered("late", 1);
  expect(made.tally.balanced).toBe(true);
});

test("zero rows leave no reason in the books", () => {
  const { made } = receipt(0);
  made.filtered("late", 0);
  made.deadLettered("bad", 0);
  expect(made.tally.filtered.size + made.tally.deadLettered.size).toBe(0);
});

test("tallies add up by reason", () => {
  const sum = new Tally();
  for (const rows of [2, 3]) {
    const { made } = receipt(rows);
    made.filtered("late", rows);
    sum.addAll(made.tally);
  }
  expect(sum.entered).toBe(5);
  expect(sum.filtered.get("late")).toBe(5);
  expect(sum.balanced).toBe(true);
});

test("what became of rows under another receipt comes to what became of the others, and none enter again", () => {
  const { made } = receipt(5);
  made.durable(2);
  const { made: other } = receipt(3);
  other.added(1);
  other.durable(3);
  other.deadLettered("bad", 1);
  made.account(other.tally);
  expect([made.tally.entered, made.tally.added, made.tally.durable]).toEqual([5, 1, 5]);
  expect(made.tally.deadLettered.get("bad")).toBe(1);
  expect(made.tally.balanced).toBe(true);
});
