import fc from "fast-check";
import { expect, test } from "vitest";
import { Flow } from "../../../../runtime/streams/flow.ts";
import { Keep } from "../../../../runtime/streams/keep.ts";
import type { GraphStage } from "../../../../runtime/streams/graph-stage.ts";
import { groupBy } from "../../../../runtime/streams/operators/group-by.ts";
import { splitWhen } from "../../../../runtime/streams/operators/split.ts";
import { assertAllStopped } from "../../../../runtime/streams/probes/assert-all-stopped.ts";
import { TestSink, type TestSubscriber } from "../../../../runtime/streams/probes/test-sink.ts";
import { type TestPublisher, TestSource } from "../../../../runtime/streams/probes/test-source.ts";
import type { FlowShape, SourceShape } from "../../../../runtime/streams/shape.ts";
import { Sink } from "../../../../runtime/streams/sink.ts";
import { Source } from "../../../../runtime/streams/source.ts";
import { breaksAt } from "../operators/probed-flow.ts";
import { broken, elementsOf, start } from "../started.ts";

type Substream = GraphStage<SourceShape<number>>;

/** A run whose substreams the test runs by hand. */
function split(stage: GraphStage<FlowShape<number, Substream>>) {
  const { clock, system } = start();
  const taken: Substream[] = [];
  const keeping = Flow.of<Substream>().map((substream) => {
    taken.push(substream);
    return taken.length;
  });
  const source = TestSource.probe<number>().via(stage).via(keeping);
  const [up, down] = source.toMat(TestSink.probe<number>(), Keep.both).run(system);
  clock.runSoon();
  const run = (index: number): TestSubscriber<number> => {
    const substream = taken[index];
    if (substream === undefined) throw broken;
    const probe = Source.fromStage(substream).runWith(TestSink.probe<number>(), system);
    clock.runSoon();
    return probe;
  };
  return { clock, system, up, down, run };
}

/** A run whose inner sources the test feeds by hand. */
function flattened(breadth: number) {
  const { clock, system } = start();
  const inner: TestPublisher<string>[] = [];
  const probe = TestSource.probe<string>().mapMaterializedValue((publisher) => {
    inner.push(publisher);
  });
  const source = TestSource.probe<number>().flatMapMerge(breadth, () => probe);
  const [up, down] = source.toMat(TestSink.probe<string>(), Keep.both).run(system);
  clock.runSoon();
  const at = (index: number): TestPublisher<string> => {
    clock.runSoon();
    return inner[index] ?? expect.fail(`no inner source ${index}`);
  };
  return { clock, system, up, down, at };
}

const odd = (n: number) => n % 2;

test("flatMapConcat gives one source after another", async () => {
  const source = Source.from([1, 2, 3]).flatMapConcat((n) => Source.repeat(n).take(n));
  expect(await elementsOf(source)).toEqual([1, 2, 2, 3, 3, 3]);
  expect(await elementsOf(Source.empty<number>().flatMapConcat((n) => Source.single(n)))).toEqual([]);
  expect(await elementsOf(Source.from([1, 2]).flatMapConcat(() => Source.empty<number>()))).toEqual([]);
});

test("flatMapMerge runs up to its breadth, then backpressures until one completes", () => {
  const { up, down, at, system } = flattened(2);
  up.sendNext(1);
  up.sendNext(2);
  up.expectNoRequest();
  down.request(3);
  at(1).sendNext("b");
  at(0).sendNext("a");
  down.expectNext("b", "a");
  at(0).sendComplete();
  up.sendNext(3);
  up.expectNoRequest();
  up.sendComplete();
  at(2).sendNext("c");
  at(1).sendNext("waits");
  at(1).sendComplete();
  at(2).sendComplete();
  down.expectNext("c");
  down.expectNoMessage();
  down.requestNext("waits");
  down.expectComplete();
  assertAllStopped(system);
});

test("flatMapMerge asks each source for one element ahead at most", () => {
  const { up, at, down } = flattened(1);
  up.sendNext(1);
  at(0).sendNext("a");
  at(0).expectNoRequest();
  down.requestNext("a");
  at(0).expectRequest();
});

test("flatMapMerge fails with a source, with upstream, and where its function throws, and cancels the rest", async () => {
  const byInner = flattened(2);
  byInner.up.sendNext(1);
  byInner.up.sendNext(2);
  byInner.at(0).sendError(broken);
  byInner.down.expectError(broken);
  byInner.at(1).expectCancellation();
  byInner.up.expectCancellation();
  assertAllStopped(byInner.system);
  const byUpstream = flattened(2);
  byUpstream.up.sendNext(1);
  byUpstream.up.sendError(broken);
  byUpstream.down.expectError(broken);
  byUpstream.at(0).expectCancellation();
  assertAllStopped(byUpstream.system);
  const throwing = Source.single(1).flatMapMerge(2, (): Source<number> => {
    throw broken;
  });
  await expect(elementsOf(throwing)).rejects.toBe(broken);
});

test("flatMapMerge cancels every source when downstream cancels", () => {
  const { up, down, at, system } = flattened(2);
  up.sendNext(1);
  up.sendNext(2);
  down.cancel();
  at(0).expectCancellation();
  at(1).expectCancellation();
  up.expectCancellation();
  assertAllStopped(system);
});

test("groupBy sends each element to the substream of its key, and completes all with upstream", () => {
  const { up, down, run, system } = split(groupBy(3, odd));
  down.request(2);
  up.sendNext(1);
  up.sendNext(2);
  down.expectNext(1, 2);
  const [odds, evens] = [run(0), run(1)];
  odds.request(2);
  evens.request(2);
  odds.expectNext(1);
  evens.expectNext(2);
  up.sendNext(3);
  up.sendNext(4);
  odds.expectNext(3);
  evens.expectNext(4);
  up.sendComplete();
  odds.expectComplete();
  evens.expectComplete();
  down.expectComplete();
  assertAllStopped(system);
});

test("groupBy backpressures while the substream of the next element has no room, and completes after it", () => {
  const { up, down, run, system } = split(groupBy(3, odd));
  down.request(5);
  up.sendNext(1);
  const odds = run(0);
  up.sendNext(3);
  up.expectNoRequest();
  up.sendComplete();
  odds.request(1);
  odds.expectNext(1);
  odds.expectNoMessage();
  odds.requestNext(3);
  odds.expectComplete();
  down.expectNext(1);
  down.expectComplete();
  assertAllStopped(system);
});

test("groupBy fails with one key more than it may hold, and with a key that is not there", () => {
  const tooMany = split(groupBy(1, odd));
  tooMany.down.request(2);
  tooMany.up.sendNext(1);
  const odds = tooMany.run(0);
  tooMany.up.sendNext(2);
  tooMany.down.expectNext(1);
  expect(tooMany.down.expectError()).toMatchObject({ code: "BUFFER_FULL" });
  odds.expectError();
  tooMany.up.expectCancellation();
  assertAllStopped(tooMany.system);
  const keyless = split(groupBy(1, () => undefined));
  keyless.down.request(1);
  keyless.up.sendNext(1);
  expect(keyless.down.expectError()).toMatchObject({ code: "STAGE_FAILED" });
});

test.each([
  [false, [1]],
  [true, [1, 2]],
])("groupBy with recreation %j of a cancelled substream announces %j", (recreates, announced) => {
  const { up, down, run } = split(groupBy(2, odd, recreates));
  down.request(5);
  up.sendNext(1);
  run(0).cancel();
  up.sendNext(3);
  down.expectNext(...announced);
  down.expectNoMessage();
});

test("groupBy hands a failure to every substream, and keeps them when downstream cancels", () => {
  const { up, down, run, system } = split(groupBy(2, odd));
  down.request(1);
  up.sendNext(1);
  const odds = run(0);
  down.cancel();
  up.sendNext(2);
  odds.request(2);
  odds.expectNext(1);
  up.sendNext(3);
  odds.expectNext(3);
  up.sendError(broken);
  odds.expectError(broken);
  assertAllStopped(system);
});

test("a substream that nobody runs within 5 s counts as cancelled, and runs once", () => {
  const { up, down, run, clock } = split(groupBy(2, odd));
  down.request(3);
  up.sendNext(1);
  clock.advance(4_999);
  const odds = run(0);
  odds.requestNext(1);
  clock.advance(10_000);
  odds.expectNoMessage();
  expect(() => run(0)).toThrow("runs once");
  up.sendNext(2);
  clock.advance(4_999);
  up.sendNext(4);
  up.expectNoRequest();
  clock.advance(1);
  up.expectRequest();
  expect(run(1).expectError()).toMatchObject({ code: "STREAM_STOPPED" });
});

test("splitWhen begins with the element that splits, holds up the next, and completes with upstream", () => {
  const { up, down, run, system } = split(splitWhen((n) => n > 9));
  down.request(1);
  up.sendNext(10);
  const first = run(0);
  first.request(5);
  first.expectNext(10);
  up.sendNext(1);
  first.expectNext(1);
  up.sendNext(20);
  first.expectComplete();
  up.expectNoRequest();
  down.request(1);
  const second = run(1);
  second.requestNext(20);
  up.sendComplete();
  second.expectComplete();
  down.expectNext(1, 2);
  down.expectComplete();
  assertAllStopped(system);
});

test("splitWhen drops the rest of a substream that was cancelled", () => {
  const { up, down, run } = split(splitWhen((n) => n > 9));
  down.request(2);
  up.sendNext(1);
  const first = run(0);
  first.request(2);
  up.sendNext(2);
  first.expectNext(1, 2);
  first.cancel();
  up.sendNext(3);
  up.sendNext(10);
  down.expectNext(1, 2);
  run(1).requestNext(10);
});

test("splitWhen hands on failures, and ends with its substream once downstream has cancelled", () => {
  const failing = split(splitWhen((n) => n > 9));
  failing.down.request(1);
  failing.up.sendNext(1);
  const first = failing.run(0);
  failing.up.sendError(broken);
  first.expectError(broken);
  failing.down.expectNext(1);
  failing.down.expectError(broken);
  assertAllStopped(failing.system);
  const cancelling = split(splitWhen((n) => n > 9));
  cancelling.down.request(1);
  cancelling.up.sendNext(1);
  const last = cancelling.run(0);
  last.request(3);
  cancelling.down.cancel();
  cancelling.up.sendNext(2);
  cancelling.up.sendNext(10);
  last.expectNext(1, 2);
  last.expectComplete();
  cancelling.up.expectCancellation();
  assertAllStopped(cancelling.system);
});

test.each<[string, number[], number[][]]>([
  ["splitWhen", [], []],
  ["splitWhen", [10, 1, 2, 20, 30, 3], [[10, 1, 2], [20], [30, 3]]],
  ["splitWhen", [1, 10], [[1], [10]]],
  ["splitAfter", [], []],
  ["splitAfter", [10, 1, 2, 20, 30, 3], [[10], [1, 2, 20], [30], [3]]],
  ["splitAfter", [1, 10], [[1, 10]]],
])("%s of %j gives %j", async (name, elements, parts) => {
  const big = (n: number) => n > 9;
  const source = Source.from(elements);
  const substreams = name === "splitWhen" ? source.splitWhen(big) : source.splitAfter(big);
  expect(await elementsOf(substreams.fold([] as number[], (all, n) => [...all, n]).mergeSubstreams())).toEqual(parts);
  expect(await elementsOf(substreams.concatSubstreams())).toEqual(elements);
});

test("groupBy and mergeSubstreams keep every element, and the order of each key", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat({ max: 50 })), fc.integer({ min: 1, max: 7 }), async (elements, keys) => {
      const keyOf = (n: number) => n % keys;
      const indexed = elements.map((n, index) => [n, index] as const);
      const given = await elementsOf(
        Source.from(indexed)
          .groupBy(keys, ([n]) => keyOf(n))
          .map((pair) => pair)
          .mergeSubstreams(),
      );
      for (let key = 0; key < keys; key += 1) {
        const ofKey = (pairs: readonly (readonly [number, number])[]) => pairs.filter(([n]) => keyOf(n) === key);
        expect(ofKey(given)).toEqual(ofKey(indexed));
      }
      expect(given.length).toBe(elements.length);
    }),
    { numRuns: 50 },
  );
});

test("a flow has substreams too", async () => {
  const flow = Flow.of<number>()
    .groupBy(2, odd)
    .fold(0, (a, b) => a + b)
    .mergeSubstreams();
  expect((await elementsOf(Source.from([1, 2, 3, 4]).via(flow))).sort()).toEqual([4, 6]);
});

test.each<[number, number[], number[], number[]]>([
  [0, [1, 2], [], [1, 2]],
  [2, [1, 2, 3], [1, 2], [3]],
  [3, [1, 2, 3], [1, 2, 3], []],
  [4, [1, 2], [1, 2], []],
  [1, [], [], []],
])("prefixAndTail(%i) of %j gives %j and %j", async (count, elements, prefix, rest) => {
  const source = Source.from(elements).prefixAndTail(count);
  const given = source.flatMapConcat(([head, tail]) => Source.single([...head]).concat(tail.grouped(9)));
  expect(await elementsOf(given)).toEqual(rest.length === 0 ? [prefix] : [prefix, rest]);
});

test("the tail hands its cancellation up, and a failure down", () => {
  const { clock, system } = start();
  const run = () => {
    const source = TestSource.probe<number>()
      .prefixAndTail(1)
      .flatMapConcat(([, tail]) => tail);
    const [up, down] = source.toMat(TestSink.probe<number>(), Keep.both).run(system);
    clock.runSoon();
    up.sendNext(1);
    return { up, down };
  };
  const cancelling = TestSource.probe<number>()
    .prefixAndTail(1)
    .flatMapConcat(([, tail]) => tail.take(1));
  const [up, down] = cancelling.toMat(TestSink.probe<number>(), Keep.both).run(system);
  clock.runSoon();
  down.request(2);
  up.sendNext(1);
  up.sendNext(2);
  down.expectNext(2);
  down.expectComplete();
  up.expectCancellation();
  const failing = run();
  failing.down.request(1);
  failing.up.sendError(broken);
  failing.down.expectError(broken);
  assertAllStopped(system);
});

test("a substream stops with the stream that feeds it", () => {
  const { clock, system } = start();
  const source = TestSource.probe<number>().groupBy(2, odd).mergeSubstreams();
  const running = source.toMat(TestSink.probe<number>(), Keep.both).runWatched(system);
  clock.runSoon();
  const [up, down] = running.materialized;
  up.sendNext(1);
  down.requestNext(1);
  running.stop();
  assertAllStopped(system);
});

test("each substream ends in a sink of its own; one that fails leaves the others", async () => {
  const { clock, system } = start();
  const sums = new Map<number, number>();
  const sink = Sink.foreach<readonly [key: number, n: number]>(([key, n]) => {
    if (n === 5) throw broken;
    sums.set(key, (sums.get(key) ?? 0) + n);
  });
  const running = Source.from([1, 2, 3, 4, 5, 6, 7])
    .groupBy(2, odd)
    .map((n) => [odd(n), n] as const)
    .to(sink)
    .runWatched(system);
  await clock.settle();
  await running.done;
  expect([...sums]).toEqual([
    [1, 4],
    [0, 12],
  ]);
  assertAllStopped(system);
  const ofFlow: Sink<number> = Flow.of<number>()
    .groupBy(2, odd)
    .to(Sink.foreach((n) => void sums.set(n, n)));
  Source.from([8, 9]).to(ofFlow).run(system);
  await clock.settle();
  expect([sums.get(8), sums.get(9)]).toEqual([8, 9]);
});

test("substreams that go into sinks end with a run that is stopped", () => {
  const { clock, system } = start();
  const running = TestSource.probe<number>().groupBy(2, odd).to(Sink.ignore()).runWatched(system);
  clock.runSoon();
  running.materialized.sendNext(1);
  expect(system.running).toHaveLength(2);
  running.stop();
  assertAllStopped(system);
});

test("a decider counts for the stages of substreams, set on them or around them; the nearest first", async () => {
  const failing = Source.from([1, 2, 3, 4])
    .groupBy(2, odd)
    .map(breaksAt(3, (n) => n));
  expect(await elementsOf(failing.withSupervision(() => "resume").mergeSubstreams())).toEqual([1, 2, 4]);
  expect(await elementsOf(failing.mergeSubstreams().withSupervision(() => "resume"))).toEqual([1, 2, 4]);
  const nearest = failing.withSupervision(() => "stop").mergeSubstreams();
  await expect(elementsOf(nearest.withSupervision(() => "resume"))).rejects.toThrow("broken on purpose");
});

test("what is attached to substreams may be named, and run on islands of its own", async () => {
  const { clock, system } = start();
  const seen: string[] = [];
  const elements = Source.from([1, 2, 3])
    .groupBy(2, odd)
    .map((n) => {
      seen.push(...system.running);
      return n * 2;
    })
    .named("doubling")
    .async({ windowMax: 1 })
    .mergeSubstreams()
    .runWith(Sink.collect<number>(), system);
  await clock.settle();
  expect((await elements).sort()).toEqual([2, 4, 6]);
  expect(seen.some((path) => /flatMapMerge-\d+-1$/.test(path))).toBe(true);
});
