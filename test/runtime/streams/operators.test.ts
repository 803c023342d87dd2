import fc from "fast-check";
import { Subject } from "rxjs";
import { expect, test } from "vitest";
import { ActorSystem } from "../../../runtime/actors/actor-system.ts";
import { virtualClock } from "../../../runtime/clock/virtual-clock.ts";
import { Flow } from "../../../runtime/streams/flow.ts";
import { GraphDSL } from "../../../runtime/streams/graph-dsl.ts";
import type { Graph } from "../../../runtime/streams/graph-stage.ts";
import { Broadcast } from "../../../runtime/streams/junctions/broadcast.ts";
import { Merge } from "../../../runtime/streams/junctions/merge.ts";
import { Partition } from "../../../runtime/streams/junctions/partition.ts";
import { Keep } from "../../../runtime/streams/keep.ts";
import { KillSwitches } from "../../../runtime/streams/kill-switches.ts";
import type { OverflowStrategy } from "../../../runtime/streams/operators/buffer.ts";
import { assertAllStopped } from "../../../runtime/streams/probes/assert-all-stopped.ts";
import { TestSink } from "../../../runtime/streams/probes/test-sink.ts";
import { TestSource } from "../../../runtime/streams/probes/test-source.ts";
import type { FlowShape, SourceShape } from "../../../runtime/streams/shape.ts";
import { Sink } from "../../../runtime/streams/sink.ts";
import { Source } from "../../../runtime/streams/source.ts";

const broken = new Error("broken on purpose");

function start() {
  const clock = virtualClock();
  return { clock, system: new ActorSystem({ clock }) };
}

/** All that a finite source gives. */
async function elementsOf<T>(source: Graph<SourceShape<T>, unknown>): Promise<T[]> {
  const { clock, system } = start();
  const result = Source.fromGraph(source).runWith(Sink.collect<T>(), system);
  await clock.settle();
  assertAllStopped(system);
  return result;
}

function probe<In, Out>(flow: Graph<FlowShape<In, Out>, unknown>) {
  const { clock, system } = start();
  const running = TestSource.probe<In>().via(flow).toMat(TestSink.probe<Out>(), Keep.both).runWatched(system);
  clock.runSoon();
  return { clock, system, upstream: running.materialized[0], downstream: running.materialized[1], running };
}

test.each<[string, Flow<number, unknown>, unknown[], unknown[], unknown[]]>([
  ["map", Flow.of<number>().map((n) => n * 2), [], [2], [2, 4, 6, 8, 10]],
  ["filter", Flow.of<number>().filter((n) => n % 2 === 1), [], [1], [1, 3, 5]],
  ["mapConcat", Flow.of<number>().mapConcat((n) => new Array(n - 1).fill(n)), [], [], [2, 3, 3, 4, 4, 4, 5, 5, 5, 5]],
  ["take", Flow.of<number>().take(3), [], [1], [1, 2, 3]],
  ["mapAsync", Flow.of<number>().mapAsync(2, async (n) => n), [], [1], [1, 2, 3, 4, 5]],
  [
    "statefulMap",
    Flow.of<number>().statefulMap(() => {
      let sum = 0;
      return (n) => {
        sum += n;
        return sum;
      };
    }),
    [],
    [1],
    [1, 3, 6, 10, 15],
  ],
  ["fold", Flow.of<number>().fold(0, (a, b) => a + b), [0], [1], [15]],
  ["scan", Flow.of<number>().scan(0, (a, b) => a + b), [0], [0, 1], [0, 1, 3, 6, 10, 15]],
  ["grouped", Flow.of<number>().grouped(2), [], [[1]], [[1, 2], [3, 4], [5]]],
  ["groupedWithin", Flow.of<number>().groupedWithin(2, 1_000), [], [[1]], [[1, 2], [3, 4], [5]]],
  ["buffer", Flow.of<number>().buffer(2, "backpressure"), [], [1], [1, 2, 3, 4, 5]],
  ["recover", Flow.of<number>().recover(() => 0), [], [1], [1, 2, 3, 4, 5]],
  ["log", Flow.of<number>().log("passes"), [], [1], [1, 2, 3, 4, 5]],
])("%s of no, one and five elements, twice from one blueprint", async (_name, flow, none, one, five) => {
  expect(await elementsOf(Source.empty<number>().via(flow))).toEqual(none);
  expect(await elementsOf(Source.single(1).via(flow))).toEqual(one);
  expect(await elementsOf(Source.from([1, 2, 3, 4, 5]).via(flow))).toEqual(five);
  expect(await elementsOf(Source.from([1, 2, 3, 4, 5]).via(flow))).toEqual(five);
});

const everyFlow: [string, Flow<number, unknown>][] = [
  ["map", Flow.of<number>().map((n) => n)],
  ["filter", Flow.of<number>().filter(() => true)],
  ["mapConcat", Flow.of<number>().mapConcat((n) => [n, n])],
  ["take", Flow.of<number>().take(3)],
  ["mapAsync", Flow.of<number>().mapAsync(2, (n) => n)],
  ["statefulMap", Flow.of<number>().statefulMap(() => (n) => n)],
  ["fold", Flow.of<number>().fold(0, (a, b) => a + b)],
  ["scan", Flow.of<number>().scan(0, (a, b) => a + b)],
  ["grouped", Flow.of<number>().grouped(2)],
  ["groupedWithin", Flow.of<number>().groupedWithin(2, 1_000)],
  ["buffer", Flow.of<number>().buffer(2, "backpressure")],
  ["log", Flow.of<number>().log("passes")],
  ["kill switch", Flow.of<number>().via(KillSwitches.single<number>())],
];

test.each(everyFlow)("%s hands on a failure and leaves nothing behind", (_name, flow) => {
  const { upstream, downstream, system } = probe(flow);
  upstream.sendError(broken);
  downstream.expectError(broken);
  assertAllStopped(system);
});

test.each(everyFlow)("%s hands on a cancellation in the middle and leaves nothing behind", (_name, flow) => {
  const { upstream, downstream, system } = probe(flow);
  downstream.request(2);
  upstream.sendNext(1);
  downstream.cancel();
  expect(upstream.expectCancellation()).toBeUndefined();
  assertAllStopped(system);
});

test("mapAsync asks for more as soon as a result that is no element frees a place, though the next one is pending", async () => {
  const results: ((result: number | undefined) => void)[] = [];
  const later = () => new Promise<number | undefined>((resolve) => results.push(resolve));
  const { upstream, downstream, clock } = probe(Flow.of<number>().mapAsync(2, later));
  downstream.request(3);
  for (const element of [1, 2]) upstream.sendNext(element);
  expect(upstream.pending).toBe(0);
  results[0]?.(undefined);
  await clock.settle();
  expect(upstream.pending).toBe(1);
  upstream.sendNext(3);
  expect(results.length).toBe(3);
});

test("mapAsync keeps the order of its elements, whatever the order of the results", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer(), { maxLength: 30 }),
      fc.integer({ min: 1, max: 8 }),
      fc.scheduler(),
      async (elements, parallelism, scheduler) => {
        const { clock, system } = start();
        let underWay = 0;
        let most = 0;
        const result = Source.from(elements)
          .mapAsync(parallelism, async (element) => {
            underWay += 1;
            most = Math.max(most, underWay);
            await scheduler.schedule(Promise.resolve());
            underWay -= 1;
            return element;
          })
          .runWith(Sink.collect<number>(), system);
        await clock.settle();
        while (scheduler.count() > 0) {
          await scheduler.waitOne();
          await clock.settle();
        }
        expect(await result).toEqual(elements);
        expect(most).toBeLessThanOrEqual(parallelism);
      },
    ),
    { numRuns: 30 },
  );
});

test("mapAsync fails as soon as any promise rejects, though an earlier one is under way", async () => {
  const flow = Flow.of<number>().mapAsync(2, (element) =>
    element === 1 ? new Promise<number>(() => {}) : Promise.reject(broken),
  );
  const { upstream, downstream, clock } = probe(flow);
  downstream.request(2);
  upstream.sendNext(1);
  upstream.sendNext(2);
  await clock.settle();
  downstream.expectError(broken);
});

test("mapAsync holds results that wait for downstream against its parallelism, and leaves undefined out", () => {
  const { upstream, downstream } = probe(Flow.of<number>().mapAsync(2, (n) => (n === 1 ? undefined : n)));
  upstream.sendNext(2);
  upstream.sendNext(3);
  upstream.expectNoRequest();
  downstream.request(1);
  downstream.expectNext(2);
  upstream.sendNext(1);
  upstream.expectNoRequest();
  downstream.request(2);
  downstream.expectNext(3);
  downstream.expectNoMessage();
  upstream.expectRequest();
});

test.each<[OverflowStrategy, number[]]>([
  ["dropHead", [2, 3]],
  ["dropTail", [1, 3]],
  ["dropBuffer", [3]],
])("a full buffer of two with %s gives what it kept", (strategy, kept) => {
  const { upstream, downstream } = probe(Flow.of<number>().buffer(2, strategy));
  for (const element of [1, 2, 3]) upstream.sendNext(element);
  upstream.sendComplete();
  downstream.request(3);
  downstream.expectNext(...kept);
  downstream.expectComplete();
});

test("a full buffer with backpressure asks for no more, with fail it fails", () => {
  const waiting = probe(Flow.of<number>().buffer(2, "backpressure"));
  waiting.upstream.sendNext(1);
  waiting.upstream.expectRequest();
  waiting.upstream.sendNext(2);
  waiting.upstream.expectNoRequest();
  waiting.downstream.requestNext(1);
  waiting.upstream.expectRequest();
  const failing = probe(Flow.of<number>().buffer(2, "fail"));
  for (const element of [1, 2]) failing.upstream.sendNext(element);
  failing.downstream.expectNoMessage();
  failing.upstream.sendNext(3);
  expect(failing.downstream.expectError()).toMatchObject({ code: "BUFFER_FULL" });
});

test("groupedWithin emits when the group is full or the time has come, never an empty group", () => {
  const { upstream, downstream, clock } = probe(Flow.of<number>().groupedWithin(3, 100));
  downstream.request(10);
  for (const element of [1, 2, 3]) upstream.sendNext(element);
  downstream.expectNext([1, 2, 3]);
  upstream.sendNext(4);
  clock.advance(99);
  downstream.expectNoMessage();
  clock.advance(1);
  downstream.expectNext([4]);
  clock.advance(500);
  downstream.expectNoMessage();
  upstream.sendNext(5);
  downstream.expectNext([5]);
});

test("groupedWithin takes one element beyond a full group that waits, and loses none", () => {
  const { upstream, downstream, system } = probe(Flow.of<number>().groupedWithin(2, 100));
  for (const element of [1, 2, 3]) upstream.sendNext(element);
  upstream.expectNoRequest();
  upstream.sendComplete();
  downstream.request(1);
  downstream.expectNext([1, 2]);
  downstream.expectNoMessage();
  downstream.request(1);
  downstream.expectNext([3]);
  downstream.expectComplete();
  assertAllStopped(system);
});

test("recover makes a failure the last element, or lets it pass", () => {
  const recovered = probe(Flow.of<number>().recover(() => -1));
  recovered.downstream.request(1);
  recovered.upstream.sendError(broken);
  recovered.downstream.expectNext(-1);
  recovered.downstream.expectComplete();
  const passed = probe(Flow.of<number>().recover(() => undefined));
  passed.upstream.sendError(broken);
  passed.downstream.expectError(broken);
});

test("a run whose failure a stage handled is done without it; one that nobody handled rejects", async () => {
  const { clock, system } = start();
  const handled = Source.failed<number>(broken)
    .recover(() => 0)
    .runWatched(Sink.ignore(), system);
  const unhandled = Source.failed<number>(broken).runWatched(Sink.ignore(), system);
  clock.runSoon();
  await expect(handled.done).resolves.toBeUndefined();
  await expect(unhandled.done).rejects.toBe(broken);
  await expect(unhandled.materialized).rejects.toBe(broken);
});

test("a kill switch completes or fails its run; the first call counts", () => {
  for (const first of ["shutdown", "abort"] as const) {
    const { clock, system } = start();
    const [[upstream, killSwitch], downstream] = TestSource.probe<number>()
      .viaMat(KillSwitches.single<number>(), Keep.both)
      .toMat(TestSink.probe<number>(), Keep.both)
      .run(system);
    clock.runSoon();
    if (first === "shutdown") killSwitch.shutdown();
    killSwitch.abort(broken);
    killSwitch.shutdown();
    if (first === "shutdown") downstream.expectComplete();
    else downstream.expectError(broken);
    expect(upstream.expectCancellation()).toBe(first === "shutdown" ? undefined : broken);
    assertAllStopped(system);
  }
});

test("an iterator is returned when its stream is cancelled, and not when it has ended by itself", async () => {
  const left: string[] = [];
  function* sync(): Generator<number> {
    try {
      yield* [1, 2, 3];
    } finally {
      left.push("sync");
    }
  }
  async function* asynchronous(): AsyncGenerator<number> {
    try {
      yield* [1, 2, 3];
    } finally {
      left.push("async");
    }
  }
  expect(await elementsOf(Source.from(sync()).take(2))).toEqual([1, 2]);
  expect(await elementsOf(Source.from(asynchronous()).take(2))).toEqual([1, 2]);
  expect(left).toEqual(["sync", "async"]);
  expect(await elementsOf(Source.from(asynchronous()))).toEqual([1, 2, 3]);
  expect(left).toEqual(["sync", "async", "async"]);
});

test("ticks keep their grid, and at most one waits for a slow downstream", () => {
  const { clock, system } = start();
  const downstream = Source.tick(5, 10, "tick").runWith(TestSink.probe<string>(), system);
  downstream.request(1);
  clock.advance(4);
  downstream.expectNoMessage();
  clock.advance(1);
  downstream.expectNext("tick");
  clock.advance(35);
  downstream.request(2);
  downstream.expectNext("tick");
  downstream.expectNoMessage();
  clock.advance(4);
  downstream.expectNoMessage();
  clock.advance(1);
  downstream.expectNext("tick");
  downstream.cancel();
  assertAllStopped(system);
});

test("a source queue refuses what it cannot hold, tells of room, and closes", () => {
  const { clock, system } = start();
  const [queue, downstream] = Source.queue<number>(2).toMat(TestSink.probe<number>(), Keep.both).run(system);
  expect([queue.offer(1), queue.offer(2), queue.offer(3)]).toEqual(["enqueued", "enqueued", "full"]);
  let room = 0;
  const wake = () => {
    room += 1;
  };
  queue.onRoom(wake);
  queue.onRoom(wake);
  clock.runSoon();
  expect(room).toBe(0);
  downstream.request(1);
  downstream.expectNext(1);
  expect(room).toBe(1);
  expect(queue.offer(4)).toBe("enqueued");
  queue.complete();
  expect(queue.offer(5)).toBe("closed");
  downstream.request(5);
  downstream.expectNext(2, 4);
  downstream.expectComplete();
  queue.onRoom(wake);
  expect(room).toBe(2);
  assertAllStopped(system);
});

test("a source queue that fails drops what waits", () => {
  const { system } = start();
  const [queue, downstream] = Source.queue<number>(2).toMat(TestSink.probe<number>(), Keep.both).run(system);
  queue.offer(1);
  queue.fail(broken);
  downstream.expectError(broken);
});

test.each<["dropHead" | "dropTail" | "dropNew", number[]]>([
  ["dropHead", [2, 3]],
  ["dropTail", [1, 3]],
  ["dropNew", [1, 2]],
])("an Observable faster than downstream, with %s, leaves what the buffer kept", (overflow, kept) => {
  const { clock, system } = start();
  const subject = new Subject<number>();
  const downstream = Source.fromObservable(subject, { bufferMax: 2, overflow }).runWith(
    TestSink.probe<number>(),
    system,
  );
  clock.runSoon();
  for (const element of [1, 2, 3]) subject.next(element);
  subject.complete();
  downstream.request(3);
  downstream.expectNext(...kept);
  downstream.expectComplete();
});

test("an Observable that overflows with fail fails the stream, and is unsubscribed from", () => {
  const { clock, system } = start();
  const subject = new Subject<number>();
  const downstream = Source.fromObservable(subject, { bufferMax: 1, overflow: "fail" }).runWith(
    TestSink.probe<number>(),
    system,
  );
  clock.runSoon();
  subject.next(1);
  subject.next(2);
  expect(downstream.expectError()).toMatchObject({ code: "BUFFER_FULL" });
  expect(subject.observed).toBe(false);
});

test("a broadcast waits for the slowest branch, and counts its copies", () => {
  const { clock, system } = start();
  const copies: number[] = [];
  const graph = GraphDSL.create(
    { left: TestSink.probe<number>(), right: TestSink.probe<number>() },
    (builder, { left, right }) => {
      const source = builder.add(Source.from([1, 2, 3]));
      const broadcast = builder.add(new Broadcast<number>(2, (_element, count) => copies.push(count)));
      const [first, second] = broadcast.outs;
      if (first === undefined || second === undefined) throw broken;
      builder.connect(source.out, broadcast.in);
      builder.connect(first, left.in);
      builder.connect(second, right.in);
    },
  );
  const { left, right } = graph.run(system);
  clock.runSoon();
  left.request(3);
  left.expectNoMessage();
  right.request(1);
  left.expectNext(1);
  left.expectNoMessage();
  right.expectNext(1);
  expect(copies).toEqual([1]);
  right.cancel(broken);
  left.expectNext(2, 3);
  left.expectComplete();
  expect(copies).toEqual([1]);
  assertAllStopped(system);
});

test("a partition gives each element to the branch chosen, and the merge of the branches has them all", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(100)), fc.integer({ min: 1, max: 4 }), async (elements, branches) => {
      const { clock, system } = start();
      const graph = GraphDSL.create({ sink: Sink.collect<[number, number]>() }, (builder, { sink }) => {
        const source = builder.add(Source.from(elements));
        const partition = builder.add(new Partition<number>(branches, (element) => element % branches));
        const merge = builder.add(new Merge<[number, number]>(branches));
        builder.connect(source.out, partition.in);
        partition.outs.forEach((out, index) => {
          const branch = builder.add(Flow.of<number>().map((element): [number, number] => [index, element]));
          const inlet = merge.ins[index];
          if (inlet === undefined) throw broken;
          builder.connect(out, branch.in);
          builder.connect(branch.out, inlet);
        });
        builder.connect(merge.out, sink.in);
      });
      const { sink } = graph.run(system);
      clock.runSoon();
      const result = await sink;
      for (let index = 0; index < branches; index += 1) {
        const branch = result.filter(([at]) => at === index).map(([, element]) => element);
        expect(branch).toEqual(elements.filter((element) => element % branches === index));
      }
      expect(result).toHaveLength(elements.length);
      assertAllStopped(system);
    }),
    { numRuns: 50 },
  );
});

test("a for await loop over a sink sees the elements, and leaving it cancels the stream", async () => {
  const { clock, system } = start();
  const [upstream, iterable] = TestSource.probe<number>().toMat(Sink.toAsyncIterable<number>(2), Keep.both).run(system);
  clock.runSoon();
  upstream.sendNext(1);
  upstream.sendNext(2);
  upstream.expectNoRequest();
  for await (const element of iterable) {
    expect(element).toBe(1);
    break;
  }
  upstream.expectCancellation();
  assertAllStopped(system);
});

test("a sink queue gives elements to pulls in order, then undefined", async () => {
  const { clock, system } = start();
  const queue = Source.from([1, 2]).runWith(Sink.queue<number>(2), system);
  const pulls = [queue.pull(), queue.pull()];
  await expect(queue.pull()).rejects.toMatchObject({ code: "MAILBOX_FULL" });
  clock.runSoon();
  expect(await Promise.all(pulls)).toEqual([1, 2]);
  expect(await queue.pull()).toBeUndefined();
  assertAllStopped(system);
});

test("head resolves with the first element and cancels; of an empty stream it rejects", async () => {
  const { clock, system } = start();
  const first = Source.from([1, 2]).runWith(Sink.head<number>(), system);
  const none = Source.empty<number>().runWith(Sink.head<number>(), system);
  clock.runSoon();
  expect(await first).toBe(1);
  await expect(none).rejects.toMatchObject({ code: "STREAM_STOPPED" });
  assertAllStopped(system);
});

test("a collection that would grow beyond its bound fails", async () => {
  const { clock, system } = start();
  const fits = Source.from([1, 2]).runWith(Sink.collect<number>(2), system);
  const grows = Source.from([1, 2, 3]).runWith(Sink.collect<number>(2), system);
  clock.runSoon();
  expect(await fits).toEqual([1, 2]);
  await expect(grows).rejects.toMatchObject({ code: "BUFFER_FULL" });
});

test("a fault of the protocol inside a named part names the part and the stage", () => {
  const flow = Flow.of<number>()
    .map(() => undefined)
    .named("plausible");
  const { upstream, downstream } = probe(flow);
  downstream.request(1);
  upstream.sendNext(1);
  expect(downstream.expectError()).toMatchObject({ code: "STAGE_FAILED", where: { node: "plausible/map" } });
});
