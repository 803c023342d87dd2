import assert from "node:assert/strict";
import { test } from "vitest";
import { NotCommittedYet, Tail, Tails } from "../../../connectors/embedded/tails.ts";

function tail(start: number, bytes = 0): Tail {
  const made = new Tail();
  made.start = start;
  made.count = 1;
  if (bytes > 0) made.hold(new Uint8Array(bytes), true);
  return made;
}
const notAsked = () => assert.fail("a known tail is not looked for");

/** A write of one track. */
function plan(tails: Tails, series: number, start: number): Tail {
  tails.begin();
  const planned = tails.get(series, 0, () => tail(0));
  tails.plan(planned);
  planned.start = start;
  return planned;
}

test("a tail is looked for once, also one without a chunk", () => {
  const tails = new Tails();
  assert.equal(tails.get(1, 0, () => tail(5)).start, 5);
  assert.equal(tails.get(1, 0, notAsked).start, 5);
  assert.equal(tails.get(1, 1, () => new Tail()).count, 0);
  assert.equal(tails.get(1, 1, notAsked).count, 0);
});

test("the next transaction goes on from what is planned; who reads sees it once it is committed", () => {
  const tails = new Tails();
  plan(tails, 1, 6);
  assert.equal(tails.committed(1, 0, notAsked), undefined);
  tails.submitted();
  assert.equal(tails.get(1, 0, notAsked).start, 6);
  plan(tails, 1, 7);
  tails.settled();
  assert.equal(tails.committed(1, 0, notAsked), undefined);
  tails.submitted();
  tails.settled();
  assert.equal(tails.committed(1, 0, notAsked)?.start, 7);
});

test("after a commit that failed, what it changed and what was planned since is looked for again", () => {
  const tails = new Tails();
  tails.get(3, 0, () => tail(3));
  plan(tails, 1, 6);
  tails.submitted();
  plan(tails, 2, 6);
  tails.failed();
  assert.equal(tails.get(1, 0, () => tail(8)).start, 8);
  assert.equal(tails.committed(2, 0, () => tail(9))?.start, 9);
  assert.equal(tails.get(3, 0, notAsked).start, 3);
});

test("a write that was rolled back leaves what was committed, and makes others wait for what was planned before", () => {
  const tails = new Tails();
  plan(tails, 1, 1);
  tails.rollback();
  assert.equal(tails.get(1, 0, () => tail(5)).start, 5);
  plan(tails, 2, 1);
  plan(tails, 2, 2);
  tails.rollback();
  assert.throws(() => tails.get(2, 0, notAsked), NotCommittedYet);
  tails.submitted();
  assert.throws(() => tails.get(2, 0, notAsked), NotCommittedYet);
  tails.settled();
  assert.equal(tails.get(2, 0, () => tail(1)).start, 1);
});

test("a track that rows are taken from makes others wait", () => {
  const tails = new Tails();
  tails.begin();
  tails.planUnknown(1, 2);
  assert.throws(() => tails.get(1, 2, notAsked), NotCommittedYet);
  assert.equal(tails.committed(1, 2, notAsked), undefined);
  tails.submitted();
  tails.settled();
  assert.equal(tails.get(1, 2, () => tail(4)).start, 4);
});

test("tails not used while a third of the bytes fills with others are forgotten, used and planned ones are not", () => {
  const tails = new Tails(12_000);
  const use = (series: number) => tails.get(series, 0, () => tail(series, 1_000));
  plan(tails, 9, 1);
  for (const series of [0, 1, 2, 0, 3, 4]) use(series);
  assert.equal(tails.get(0, 0, notAsked).start, 0);
  for (const series of [5, 6, 7, 8]) use(series);
  assert.equal(tails.get(1, 0, () => tail(99)).start, 99);
  assert.equal(tails.get(9, 0, notAsked).start, 1);
});

test("a forgotten tail is used again as if it were new, and one that is planned is not", () => {
  const tails = new Tails(12_000);
  const first = plan(tails, 1, 7);
  tails.submitted();
  const made = new Set<Tail>();
  for (let series = 2; series < 40; series += 1) {
    const found = tails.get(series, 0, () => {
      const blank = tails.blank();
      assert.deepEqual({ ...blank, memory: undefined }, { ...new Tail() });
      blank.hold(new Uint8Array(1_000), true);
      return Object.assign(blank, { start: series, count: 3, key: Buffer.alloc(1) });
    });
    assert.equal(found.start, series);
    made.add(found);
  }
  assert.ok(made.size < 38);
  assert.ok(!made.has(first));
  assert.equal(tails.get(1, 0, notAsked).start, 7);
});
