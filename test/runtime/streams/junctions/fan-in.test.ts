import fc from "fast-check";
import { expect, test } from "vitest";
import { GraphDSL } from "../../../../runtime/streams/graph-dsl.ts";
import type { Graph } from "../../../../runtime/streams/graph-stage.ts";
import { Concat } from "../../../../runtime/streams/junctions/concat.ts";
import { Interleave } from "../../../../runtime/streams/junctions/interleave.ts";
import { MergeLatest } from "../../../../runtime/streams/junctions/merge-latest.ts";
import { MergePreferred } from "../../../../runtime/streams/junctions/merge-preferred.ts";
import { MergePrioritized } from "../../../../runtime/streams/junctions/merge-prioritized.ts";
import { MergeSorted } from "../../../../runtime/streams/junctions/merge-sorted.ts";
import { OrElse } from "../../../../runtime/streams/junctions/or-else.ts";
import { ZipAll } from "../../../../runtime/streams/junctions/zip-all.ts";
import { ZipLatest } from "../../../../runtime/streams/junctions/zip-latest.ts";
import { ZipN } from "../../../../runtime/streams/junctions/zip-n.ts";
import { ZipWith } from "../../../../runtime/streams/junctions/zip-with.ts";
import { assertAllStopped } from "../../../../runtime/streams/probes/assert-all-stopped.ts";
import { TestSink } from "../../../../runtime/streams/probes/test-sink.ts";
import { TestSource } from "../../../../runtime/streams/probes/test-source.ts";
import { ClosedShape, type FanInShape, SourceShape } from "../../../../runtime/streams/shape.ts";
import { Source } from "../../../../runtime/streams/source.ts";
import { broken, elementsOf, start } from "../started.ts";

type Junction = Pick<Graph<FanInShape<number, unknown>, unknown>, "module" | "shape">;

const byValue = (a: number, b: number) => a - b;

/** Two streams in. */
const junctions: Record<string, () => Junction> = {
  concat: () => new Concat<number>(),
  orElse: () => new OrElse<number>(),
  interleave: () => new Interleave<number>(2, 1),
  mergePreferred: () => new MergePreferred<number>(1),
  mergePrioritized: () => new MergePrioritized<number>([1, 3]),
  mergeSorted: () => new MergeSorted<number>(byValue),
  mergeLatest: () => new MergeLatest<number>(),
  zipAll: () => new ZipAll<readonly [number, number]>([0, 0]),
  zipN: () => new ZipN<number>(2),
  zipWith: () => new ZipWith<[number, number], number>(2, (a, b) => a + b),
  zipLatest: () => new ZipLatest<readonly [number, number]>(2),
};

function probe(junction: Junction) {
  const { clock, system } = start();
  const parts = {
    left: TestSource.probe<number>(),
    right: TestSource.probe<number>(),
    join: junction,
    down: TestSink.probe<unknown>(),
  };
  const graph = GraphDSL.create(parts, (builder, { left, right, join, down }) => {
    const [first, second] = join.inlets;
    if (first === undefined || second === undefined) return undefined;
    builder.connect(left.out, first);
    builder.connect(right.out, second);
    builder.connect(join.out, down.in);
    return new ClosedShape();
  });
  const { left, right, down } = graph.run(system);
  clock.runSoon();
  return { left, right, down, system };
}

const names = Object.keys(junctions);
const named = (name: string) => junctions[name]?.() as Junction;

test.each(names)("%s fails and cancels the other when its first upstream fails", (name) => {
  const { left, right, down, system } = probe(named(name));
  left.sendError(broken);
  expect(down.expectError()).toBe(broken);
  expect(right.expectCancellation()).toBe(broken);
  assertAllStopped(system);
});

test.each(names)("%s fails and cancels the other when its second upstream fails", (name) => {
  const { left, right, down, system } = probe(named(name));
  right.sendError(broken);
  expect(down.expectError()).toBe(broken);
  expect(left.expectCancellation()).toBe(broken);
  assertAllStopped(system);
});

test.each(names)("%s cancels every upstream when downstream cancels", (name) => {
  const { left, right, down, system } = probe(named(name));
  down.cancel();
  left.expectCancellation();
  right.expectCancellation();
  assertAllStopped(system);
});

test.each(names)("%s completes when both upstreams complete at once, without demand", (name) => {
  const { left, right, down, system } = probe(named(name));
  right.sendComplete();
  if (name === "zipAll" || !name.startsWith("zip")) left.sendComplete();
  down.expectComplete();
  assertAllStopped(system);
});

test.each<[string, boolean]>([
  ["concat", false],
  ["orElse", false],
  ["interleave", false],
  ["mergePreferred", false],
  ["mergePrioritized", false],
  ["mergeSorted", false],
  ["mergeLatest", false],
  ["zipAll", false],
  ["zipN", true],
  ["zipWith", true],
  ["zipLatest", true],
])("%s ends with the first upstream that completes: %s", (name, ends) => {
  for (const side of ["left", "right"] as const) {
    const probed = probe(named(name));
    probed.down.request(1);
    probed[side].sendComplete();
    if (ends) probed.down.expectComplete();
    else probed.down.expectNoMessage();
  }
});

test.each<[string, number[], number[], unknown[]]>([
  ["concat", [1, 2], [3, 4], [1, 2, 3, 4]],
  ["concat", [], [3], [3]],
  ["concat", [1], [], [1]],
  ["orElse", [1, 2], [3], [1, 2]],
  ["orElse", [], [3, 4], [3, 4]],
  ["orElse", [], [], []],
  ["interleave", [1, 2, 3], [10, 20], [1, 10, 2, 20, 3]],
  ["interleave", [1], [10, 20, 30], [1, 10, 20, 30]],
  ["mergeSorted", [1, 4, 5], [2, 3, 9], [1, 2, 3, 4, 5, 9]],
  ["mergeSorted", [], [2, 3], [2, 3]],
  [
    "zipN",
    [1, 2, 3],
    [10, 20],
    [
      [1, 10],
      [2, 20],
    ],
  ],
  ["zipWith", [1, 2], [10, 20, 30], [11, 22]],
])("%s of %j and %j gives %j", async (name, left, right, given) => {
  const graph = GraphDSL.create({ join: named(name) }, (builder, { join }) => {
    [left, right].forEach((elements, index) => {
      const inlet = join.inlets[index];
      if (inlet !== undefined) builder.connect(builder.add(Source.from(elements)).out, inlet);
    });
    return new SourceShape(join.out);
  });
  expect(await elementsOf(graph)).toEqual(given);
});

test("interleave gives segments, and ends with the first when it closes eagerly", async () => {
  const other = Source.from([10, 20, 30, 40]);
  expect(await elementsOf(Source.from([1, 2, 3]).interleave(other, 2))).toEqual([1, 2, 10, 20, 3, 30, 40]);
  expect(await elementsOf(Source.from([1, 2, 3]).interleave(other, 2, true))).toEqual([1, 2, 10, 20, 3]);
});

test("mergePreferred takes the preferred one first where both wait", () => {
  const { left, right, down } = probe(new MergePreferred<number>(1));
  right.sendNext(10);
  left.sendNext(1);
  down.request(1);
  down.expectNext(1);
  left.sendNext(2);
  down.request(3);
  down.expectNext(2, 10);
  left.sendComplete();
  right.sendNext(20);
  right.sendComplete();
  down.expectNext(20);
  down.expectComplete();
});

test("mergePrioritized shares in proportion to the priorities while both wait", async () => {
  const many = (element: number) => Source.repeat(element).take(1_000);
  const graph = GraphDSL.create({ join: new MergePrioritized<number>([1, 3]) }, (builder, { join }) => {
    join.ins.forEach((inlet, index) => {
      builder.connect(builder.add(many(index)).out, inlet);
    });
    return new SourceShape(join.out);
  });
  const given = await elementsOf(graph);
  expect(given.length).toBe(2_000);
  const second = given.slice(0, 800).filter((element) => element === 1).length;
  expect(second).toBeGreaterThan(540);
  expect(second).toBeLessThan(660);
});

test("mergeLatest gives an array for each element once all have given one, and waits for demand", () => {
  const { left, right, down } = probe(new MergeLatest<number>());
  down.request(1);
  left.sendNext(1);
  left.sendNext(2);
  right.sendNext(10);
  down.expectNext([2, 10]);
  left.sendNext(3);
  down.expectNoMessage();
  left.expectNoRequest();
  down.request(2);
  down.expectNext([3, 10]);
  left.sendComplete();
  right.sendNext(20);
  down.expectNext([3, 20]);
  right.sendComplete();
  down.expectComplete();
});

test("zipAll goes on with a filler for a stream that has completed, and waits for one that has not", () => {
  const { left, right, down, system } = probe(new ZipAll<readonly [number, number]>([0, -1]));
  down.request(9);
  left.sendNext(1);
  down.expectNoMessage();
  right.sendComplete();
  down.expectNext([1, -1]);
  left.sendNext(2);
  down.expectNext([2, -1]);
  left.sendComplete();
  down.expectComplete();
  assertAllStopped(system);
  const late = probe(new ZipAll<readonly [number, number]>([0, -1]));
  late.left.sendNext(1);
  late.left.sendComplete();
  late.right.sendComplete();
  late.down.requestNext([1, -1]);
  late.down.expectComplete();
});

test("zipLatest uses the newest of the slow one again", () => {
  const { left, right, down } = probe(new ZipLatest<readonly [number, number]>(2));
  down.request(2);
  left.sendNext(1);
  down.expectNoMessage();
  right.sendNext(10);
  down.expectNext([1, 10]);
  left.sendNext(2);
  down.expectNext([2, 10]);
  left.sendNext(3);
  left.sendComplete();
  down.request(1);
  down.expectNext([3, 10]);
  down.expectComplete();
});

test("zip keeps the last pair when an upstream completes before it is asked for", () => {
  const { left, right, down } = probe(new ZipN<number>(2));
  left.sendNext(1);
  left.sendComplete();
  right.sendNext(10);
  down.expectNoMessage();
  down.request(1);
  down.expectNext([1, 10]);
  down.expectComplete();
  right.expectCancellation();
});

test("zip fails where its function throws", async () => {
  const source = Source.single(1).zipWith(Source.single(2), () => {
    throw broken;
  });
  await expect(elementsOf(source)).rejects.toBe(broken);
});

test("mergeSorted is a sort of what is in order", async () => {
  const sorted = fc.array(fc.integer()).map((elements) => elements.sort(byValue));
  await fc.assert(
    fc.asyncProperty(sorted, sorted, async (left, right) => {
      const merged = await elementsOf(Source.from(left).mergeSorted(Source.from(right), byValue));
      expect(merged).toEqual([...left, ...right].sort(byValue));
    }),
    { numRuns: 50 },
  );
});

test("merge keeps the order of each of its streams", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat()), fc.array(fc.nat()), async (left, right) => {
      const own = Source.from(left).map((n) => ["own", n] as const);
      const merged = await elementsOf(own.merge(Source.from(right).map((n) => ["other", n] as const)));
      expect(merged.filter(([side]) => side === "own").map(([, n]) => n)).toEqual(left);
      expect(merged.filter(([side]) => side === "other").map(([, n]) => n)).toEqual(right);
    }),
    { numRuns: 50 },
  );
});
