import fc from "fast-check";
import { expect, test } from "vitest";
import { Flow } from "../../../../runtime/streams/flow.ts";
import { Keep } from "../../../../runtime/streams/keep.ts";
import type { RunOptions } from "../../../../runtime/streams/materializer.ts";
import { Source } from "../../../../runtime/streams/source.ts";
import { broken, elementsOf, probe } from "./probed-flow.ts";

const flow = Flow.of<number>();
const add = (a: number, b: number) => a + b;
const list = (n: number) => [n];
const append = (elements: number[], n: number) => [...elements, n];
const one = () => 1;
/** Longer than any of these tests. */
const longMs = 1_000;

type Row = readonly [name: string, flow: Flow<number, unknown>, none: unknown[], one: unknown[], five: unknown[]];

/** Those whose output depends on their input alone. */
const timeless: Row[] = [
  ["collect", flow.collect((n) => (n % 2 === 0 ? `${n}` : undefined)), [], [], ["2", "4"]],
  ["takeWhile", flow.takeWhile((n) => n < 3), [], [1], [1, 2]],
  ["takeWhile, inclusive", flow.takeWhile((n) => n < 3, true), [], [1], [1, 2, 3]],
  ["drop", flow.drop(2), [], [], [3, 4, 5]],
  ["drop of 0", flow.drop(0), [], [1], [1, 2, 3, 4, 5]],
  ["dropWhile", flow.dropWhile((n) => n % 3 !== 0), [], [], [3, 4, 5]],
  ["scanAsync", flow.scanAsync(0, async (a, b) => a + b), [0], [0, 1], [0, 1, 3, 6, 10, 15]],
  ["scanAsync without promises", flow.scanAsync(0, add), [0], [0, 1], [0, 1, 3, 6, 10, 15]],
  [
    "statefulMap",
    flow.statefulMap<number, number>(
      () => 0,
      (sum, n) => [sum + n, sum],
      (sum) => sum,
    ),
    [0],
    [0, 1],
    [0, 1, 3, 6, 10, 15],
  ],
  ["statefulMap of a closure", flow.statefulMap(() => (n) => n * 2), [], [2], [2, 4, 6, 8, 10]],
  [
    "sliding",
    flow.sliding(3),
    [],
    [[1]],
    [
      [1, 2, 3],
      [2, 3, 4],
      [3, 4, 5],
    ],
  ],
  ["sliding by its length", flow.sliding(2, 2), [], [[1]], [[1, 2], [3, 4], [5]]],
  ["sliding by more than its length", flow.sliding(1, 3), [], [[1]], [[1], [4]]],
  [
    "sliding with a rest",
    flow.sliding(3, 2),
    [],
    [[1]],
    [
      [1, 2, 3],
      [3, 4, 5],
    ],
  ],
  [
    "groupedWeightedWithin",
    flow.groupedWeightedWithin({ weightMax: 5, intervalMs: longMs, weigh: (n) => Math.abs(n) + 1, countMax: 9 }),
    [],
    [[1]],
    [[1, 2], [3], [4], [5]],
  ],
  [
    "mapAsyncPartitioned",
    flow.mapAsyncPartitioned(
      3,
      (n) => n % 2,
      async (n) => n,
    ),
    [],
    [1],
    [1, 2, 3, 4, 5],
  ],
  ["mapAsyncPartitioned, one", flow.mapAsyncPartitioned(1, one, (n) => n), [], [1], [1, 2, 3, 4, 5]],
  ["mapAsyncUnordered without promises", flow.mapAsyncUnordered(2, (n) => n), [], [1], [1, 2, 3, 4, 5]],
  ["limit", flow.limit(5), [], [1], [1, 2, 3, 4, 5]],
  ["limitWeighted", flow.limitWeighted(15, (n) => n), [], [1], [1, 2, 3, 4, 5]],
  [
    "zipWithIndex",
    flow.zipWithIndex(),
    [],
    [[1, 0]],
    [
      [1, 0],
      [2, 1],
      [3, 2],
      [4, 3],
      [5, 4],
    ],
  ],
  ["intersperse", flow.intersperse(","), [], [1], [1, ",", 2, ",", 3, ",", 4, ",", 5]],
  [
    "intersperse with ends",
    flow.intersperse("[", ",", "]"),
    ["[", "]"],
    ["[", 1, "]"],
    ["[", 1, ",", 2, ",", 3, ",", 4, ",", 5, "]"],
  ],
  ["delay of 0", flow.delay(0, "backpressure"), [], [1], [1, 2, 3, 4, 5]],
  ["takeWithin", flow.takeWithin(longMs), [], [1], [1, 2, 3, 4, 5]],
  ["throttle", flow.throttle(1, 1, 5), [], [1], [1, 2, 3, 4, 5]],
  ["initialTimeout", flow.initialTimeout(longMs), [], [1], [1, 2, 3, 4, 5]],
  ["completionTimeout", flow.completionTimeout(longMs), [], [1], [1, 2, 3, 4, 5]],
  ["idleTimeout", flow.idleTimeout(longMs), [], [1], [1, 2, 3, 4, 5]],
  ["backpressureTimeout", flow.backpressureTimeout(longMs), [], [1], [1, 2, 3, 4, 5]],
  ["keepAlive", flow.keepAlive(longMs, () => 0), [], [1], [1, 2, 3, 4, 5]],
  ["dropWithin", flow.dropWithin(longMs), [], [], []],
  ["debounce", flow.debounce(longMs), [], [1], [5]],
  ["mapError", flow.mapError((error) => error), [], [1], [1, 2, 3, 4, 5]],
  ["onErrorComplete", flow.onErrorComplete(() => false), [], [1], [1, 2, 3, 4, 5]],
  ["recoverWith", flow.recoverWith(1, () => undefined), [], [1], [1, 2, 3, 4, 5]],
  ["monitor", flow.monitor(Keep.left), [], [1], [1, 2, 3, 4, 5]],
  ["watchTermination", flow.watchTermination(Keep.left), [], [1], [1, 2, 3, 4, 5]],
];

/** Those whose output depends on who is faster, or that treat an empty stream as a failure. */
const others: (readonly [string, Flow<number, unknown>])[] = [
  ["reduce", flow.reduce(add)],
  ["conflate", flow.conflate(add)],
  ["conflateWithSeed", flow.conflateWithSeed(list, append)],
  ["batch", flow.batch(2, list, append)],
  ["batchWeighted", flow.batchWeighted(2, (n) => n, list, append)],
  ["expand", flow.expand((n) => [n, n])],
  ["extrapolate", flow.extrapolate(list)],
  ["extrapolate from an initial element", flow.extrapolate(list, 9)],
  ["delay", flow.delay(longMs, "dropHead")],
  ["initialDelay", flow.initialDelay(longMs)],
  ["mapAsyncUnordered", flow.mapAsyncUnordered(2, () => new Promise<number>(() => {}))],
];

const every = [...timeless.map(([name, each]) => [name, each] as const), ...others];

test.each(timeless)(
  "%s of no, one and five elements, twice from one blueprint",
  async (_name, each, none, single, five) => {
    expect(await elementsOf(Source.empty<number>().via(each))).toEqual(none);
    expect(await elementsOf(Source.single(1).via(each))).toEqual(single);
    expect(await elementsOf(Source.from([1, 2, 3, 4, 5]).via(each))).toEqual(five);
    expect(await elementsOf(Source.from([1, 2, 3, 4, 5]).via(each))).toEqual(five);
  },
);

test.each(every)("%s hands on a failure and leaves nothing behind", (_name, each) => {
  const { upstream, downstream, allStopped } = probe(each);
  downstream.request(1);
  upstream.sendError(broken);
  downstream.expectError(broken);
  allStopped();
});

test.each(every)("%s hands on a cancellation before any element and leaves nothing behind", (_name, each) => {
  const { upstream, downstream, allStopped } = probe(each);
  downstream.cancel();
  expect(upstream.expectCancellation()).toBeUndefined();
  allStopped();
});

test.each(every)(
  "%s hands on a cancellation in the middle, with its cause, and leaves nothing behind",
  (_name, each) => {
    const { upstream, downstream, allStopped } = probe(each);
    downstream.request(2);
    if (upstream.pending > 0) upstream.sendNext(1);
    downstream.cancel(broken);
    expect(upstream.expectCancellation()).toBe(broken);
    allStopped();
  },
);

test("rows of operators give the same output fused or not, with boundaries at any place, and in any order of events", async () => {
  // A failure overtakes elements at a boundary, and a throttle waits for time that does not pass here.
  const unequal = ["limit", "limitWeighted", "throttle"];
  const same = timeless.filter(([name]) => !unequal.includes(name));
  const numeric = same.filter(([, , none, , five]) => [...none, ...five].every((each) => typeof each === "number"));
  const firsts = fc.array(fc.record({ row: fc.constantFrom(...numeric), boundary: fc.boolean() }), { maxLength: 4 });
  const elements = fc.array(fc.integer({ min: -9, max: 9 }), { maxLength: 60, size: "max" });
  await fc.assert(
    fc.asyncProperty(elements, firsts, fc.constantFrom(...same), async (input, steps, last) => {
      const outcome = (boundaries: boolean, options: RunOptions) => {
        const source = steps.reduce((sofar, { row, boundary }) => {
          const longer = sofar.via(row[1] as Flow<number, number>);
          return boundaries && boundary ? longer.async() : longer;
        }, Source.from(input));
        return elementsOf(source.via(last[1]), options);
      };
      const expected = await outcome(false, {});
      for (const chaseMax of [0, 3, 16]) {
        for (const fuse of [false, true]) {
          expect(await outcome(false, { chaseMax, fuse })).toEqual(expected);
          expect(await outcome(true, { chaseMax, fuse })).toEqual(expected);
        }
      }
    }),
    { numRuns: 60 },
  );
});

/** Sends 9 to an operator, nine times at most, while it asks and downstream does not. */
function takenAhead(each: Flow<number, unknown>): number {
  const { upstream } = probe(each);
  return Array.from({ length: 9 }, () => upstream.pending && upstream.sendNext(9)).filter((sent) => sent !== 0).length;
}

test.each(every)("%s takes ahead of demand what its contract says, and no more", (name, each) => {
  const ahead: Record<string, number> = {
    groupedWeightedWithin: 2,
    mapAsyncPartitioned: 3,
    "mapAsyncPartitioned, one": 1,
    mapAsyncUnordered: 2,
    "mapAsyncUnordered without promises": 2,
    debounce: 9,
    conflate: 9,
    conflateWithSeed: 9,
    batch: 3,
    batchWeighted: 2,
    expand: 1,
    extrapolate: 1,
    keepAlive: 1,
    delay: 9,
    "delay of 0": 9,
  };
  expect(takenAhead(each)).toBe(ahead[name] ?? 0);
});
