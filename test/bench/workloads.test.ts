import { expect, test } from "vitest";
import { assertSameChecksum } from "../../bench/checksum.ts";
import { measure } from "../../bench/measure.ts";
import { longWorkloads, workloads } from "../../bench/workloads.ts";

// Enough for some minutes of every series, several flushes, and late rows on both sides of a flush.
const size = { rows: 150_000, seed: 7 };
// Their elements come at a fixed rate: this is half a second.
const latencySize = { rows: 10_000, seed: 7 };

const everyWorkload = { ...workloads, ...longWorkloads };

test.each(Object.keys(everyWorkload))("every participant of %s comes to the same result", async (name) => {
  const workload = await everyWorkload[name]?.();
  expect(workload?.name).toBe(name);
  if (workload === undefined) return;
  const timed = name.startsWith("latency");
  const taken = timed ? latencySize : size;
  const subject = await measure(workload.subject, taken, 0);
  expect(subject.checksum.counts.rows).toBe(taken.rows);
  // What is late to one bucket is counted without the rows before it.
  expect(subject.elements).toBeGreaterThanOrEqual(name === "late-point" ? 1 : taken.rows);
  expect(subject.latency !== undefined).toBe(timed);
  for (const peer of workload.peers) {
    const { checksum, elements } = await measure(peer, taken, 0);
    assertSameChecksum(peer.name, checksum, subject.checksum);
    // Rows in order come once each.
    expect(elements).toBe(peer.name === "millrace-in-order" ? taken.rows : subject.elements);
  }
});

test("late rows are those in order, some of them later and some of them twice", async () => {
  const load = workloads["rollup-late"];
  const inOrder = await workloads.rollup?.();
  const late = await load?.();
  if (inOrder === undefined || late === undefined) expect.unreachable();
  const expected = await measure(inOrder.subject, size, 0);
  const actual = await measure(late.subject, size, 0);
  assertSameChecksum("rollup-late", actual.checksum, expected.checksum);
  expect(actual.elements).toBeGreaterThan(size.rows);
});

test("a checksum differs where a count is one off, and where a sum is beyond 1e-12, but not within", () => {
  const checksum = { counts: { rows: 3 }, sums: { sum: 1 } };
  const same = (counts: number, sum: number) => () =>
    assertSameChecksum("it", { counts: { rows: counts }, sums: { sum } }, checksum);
  expect(same(3, 1 + 9e-13)).not.toThrow();
  expect(same(3, 1 + 1.1e-12)).toThrow("must be 1");
  expect(same(4, 1)).toThrow("the counts");
});
