import assert from "node:assert/strict";
import { test } from "vitest";
import { type Tail, Tails } from "../../../connectors/embedded/tails.ts";

const tail = (start: number, bytes = 0): Tail => ({ start, chunk: new Uint8Array(bytes), count: 1, lastTime: start });
const notAsked = () => assert.fail("a known tail is not looked for");

test("a tail is looked for once, also one that is not there", () => {
  const tails = new Tails();
  assert.equal(tails.get(1, 0, () => tail(5))?.start, 5);
  assert.equal(tails.get(1, 0, notAsked)?.start, 5);
  assert.equal(
    tails.get(1, 1, () => undefined),
    undefined,
  );
  assert.equal(tails.get(1, 1, notAsked), undefined);
});

test("a planned tail counts once it is committed, and is looked for when the commit failed", () => {
  const tails = new Tails();
  tails.get(1, 0, () => tail(5));
  tails.plan(1, 0, tail(6));
  assert.equal(tails.get(1, 0, notAsked)?.start, 5);
  tails.committed();
  assert.equal(tails.get(1, 0, notAsked)?.start, 6);
  tails.plan(1, 0, tail(7));
  tails.failed();
  assert.equal(tails.get(1, 0, () => tail(8))?.start, 8);
});

test("what was planned since the last beginning can be rolled back, what was before stays", () => {
  const tails = new Tails();
  tails.begin();
  tails.plan(1, 0, tail(1));
  tails.begin();
  tails.plan(2, 0, tail(2));
  tails.rollback();
  tails.committed();
  assert.equal(tails.get(1, 0, notAsked)?.start, 1);
  assert.equal(
    tails.get(2, 0, () => undefined),
    undefined,
  );
});

test("tails not used while half of the bytes fill with others are forgotten, used ones are not", () => {
  const tails = new Tails(4_000);
  const use = (series: number) => tails.get(series, 0, () => tail(series, 700));
  for (const series of [0, 1, 2, 0, 3, 4]) use(series);
  assert.equal(tails.get(0, 0, notAsked)?.start, 0);
  for (const series of [5, 6, 7, 8]) use(series);
  assert.equal(tails.get(1, 0, () => tail(99))?.start, 99);
});
