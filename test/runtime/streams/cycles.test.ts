import { expect, test } from "vitest";
import { ActorSystem } from "../../../runtime/actors/actor-system.ts";
import { virtualClock } from "../../../runtime/clock/virtual-clock.ts";
import { type Log, silentLog } from "../../../runtime/log.ts";
import { Flow } from "../../../runtime/streams/flow.ts";
import { type GraphBuilder, GraphDSL, type GraphOptions } from "../../../runtime/streams/graph-dsl.ts";
import type { Graph, Inlet, Outlet } from "../../../runtime/streams/graph-stage.ts";
import { Broadcast } from "../../../runtime/streams/junctions/broadcast.ts";
import { Merge } from "../../../runtime/streams/junctions/merge.ts";
import { MergePreferred } from "../../../runtime/streams/junctions/merge-preferred.ts";
import { ZipWith } from "../../../runtime/streams/junctions/zip-with.ts";
import { assertAllStopped } from "../../../runtime/streams/probes/assert-all-stopped.ts";
import { TestSink } from "../../../runtime/streams/probes/test-sink.ts";
import { TestSource } from "../../../runtime/streams/probes/test-source.ts";
import type { FlowShape } from "../../../runtime/streams/shape.ts";
import { Source } from "../../../runtime/streams/source.ts";

type Back = Graph<FlowShape<number, number>, unknown>;

function start() {
  const warnings: unknown[] = [];
  const log: Log = { ...silentLog, warn: (sentence, fields) => void warnings.push({ sentence, ...fields }) };
  const clock = virtualClock();
  return { clock, warnings, system: new ActorSystem({ clock, log: { ...log, child: () => log } }) };
}

/** What joins two streams: the first inlet takes what comes round. */
function join(builder: GraphBuilder, kind: "merge" | "preferred" | "zip") {
  if (kind === "zip") {
    const { inlets, out } = builder.add(new ZipWith<[number, number], number>(2, (round, fresh) => round + fresh));
    return { ins: inlets as readonly Inlet<number>[], out };
  }
  return builder.add(kind === "merge" ? new Merge<number>(2) : new MergePreferred<number>(1));
}

/** Elements that come in go out, and go round through `back`. */
function loop(kind: "merge" | "preferred" | "zip", back: Back, options?: GraphOptions, reversed = false) {
  return loopFrom(TestSource.probe<number>(), kind, back, options, reversed);
}

function loopFrom<U>(
  source: Source<number, U>,
  kind: "merge" | "preferred" | "zip",
  back: Back,
  options?: GraphOptions,
  reversed = false,
) {
  const parts = { upstream: source, downstream: TestSink.probe<number>() };
  return GraphDSL.create(
    parts,
    (builder, { upstream, downstream }) => {
      const { ins, out } = join(builder, kind);
      const [round, fresh] = (reversed ? [...ins].reverse() : ins) as [Inlet<number>, Inlet<number>];
      const broadcast = builder.add(new Broadcast<number>(2));
      const [away, again] = broadcast.outs as [Outlet<number>, Outlet<number>];
      const feedback = builder.add(back);
      builder.connect(upstream.out, fresh);
      builder.connect(out, broadcast.in);
      builder.connect(away, downstream.in);
      builder.connect(again, feedback.in);
      builder.connect(feedback.out, round);
    },
    options,
  );
}

const plain = Flow.of<number>().map((element) => element + 1);

test("a cycle on which nothing discards, limits or buffers is refused with its stages", () => {
  expect(() => loop("merge", plain)).toThrowError(
    expect.objectContaining({
      code: "CYCLE_UNBOUNDED",
      message: expect.stringMatching(
        /^Cannot build the cycle broadcast -> map -> map -> merge -> broadcast as a stage on it must discard, limit or buffer/,
      ),
    }),
  );
});

test("a stage that discards, limits or buffers makes a cycle legal, however deep it stands", () => {
  const bounded: readonly Back[] = [
    Flow.of<number>().filter((element) => element < 3),
    Flow.of<number>().take(3),
    Flow.of<number>().buffer(2, "dropHead"),
    Flow.of<number>().buffer(2, "backpressure").named("held").async(),
    Flow.fromGraph(plain.via(Flow.of<number>().via(plain.take(2)))),
  ];
  for (const back of bounded) expect(() => loop("merge", back)).not.toThrow();
});

test("a zip bounds a cycle, and a preferred merge where the cycle enters at the preferred inlet", () => {
  expect(() => loop("zip", plain)).not.toThrow();
  expect(() => loop("preferred", plain)).not.toThrow();
  expect(() => loop("preferred", plain, undefined, true)).toThrowError(
    expect.objectContaining({ code: "CYCLE_UNBOUNDED" }),
  );
});

test("of two cycles each must be bounded", () => {
  expect(() =>
    GraphDSL.create((builder) => {
      const left = builder.add(new Merge<number>(2));
      const right = builder.add(new Merge<number>(2));
      const broadcast = builder.add(new Broadcast<number>(3));
      const [first, second, third] = broadcast.outs as [Outlet<number>, Outlet<number>, Outlet<number>];
      const dropping = builder.add(Flow.of<number>().buffer(1, "dropTail"));
      builder.connect(first, dropping.in);
      builder.connect(dropping.out, left.ins[0] as Inlet<number>);
      builder.connect(left.out, right.ins[0] as Inlet<number>);
      builder.connect(second, right.ins[1] as Inlet<number>);
      builder.connect(right.out, broadcast.in);
      builder.connect(builder.add(Source.single(1)).out, left.ins[1] as Inlet<number>);
      builder.connect(third, builder.add(TestSink.probe<number>()).in);
    }),
  ).toThrowError(expect.objectContaining({ code: "CYCLE_UNBOUNDED" }));
});

test("an allowed cycle is not looked at again where it becomes part of a larger graph", () => {
  const inner = GraphDSL.create(
    (builder) => {
      const merge = builder.add(new Merge<number>(2));
      const broadcast = builder.add(new Broadcast<number>(2));
      const [away, again] = broadcast.outs as [Outlet<number>, Outlet<number>];
      builder.connect(merge.out, broadcast.in);
      builder.connect(again, merge.ins[1] as Inlet<number>);
      return { in: merge.ins[0] as Inlet<number>, out: away, inlets: [merge.ins[0] as Inlet<number>], outlets: [away] };
    },
    { cycles: "allowed" },
  );
  expect(() =>
    GraphDSL.create((builder) => {
      const added = builder.add(inner);
      builder.connect(builder.add(Source.single(1)).out, added.in);
      builder.connect(added.out, builder.add(TestSink.probe<number>()).in);
    }),
  ).not.toThrow();
});

test("a cycle that fills up is found once it rests, and said once, with its stages", () => {
  for (const back of [plain, plain.async()]) {
    const { clock, system, warnings } = start();
    const hundred = Source.from(Array.from({ length: 100 }, (_, index) => index));
    const running = loopFrom(hundred, "merge", back, { cycles: "allowed" }).runWatched(system, { name: "ring" });
    clock.runSoon();
    expect(running.stalled).toEqual([]);
    running.materialized.downstream.request(1_000);
    expect(running.stalled).toEqual(expect.arrayContaining(["merge", "broadcast"]));
    running.materialized.downstream.request(1_000);
    expect(warnings).toEqual([
      {
        sentence: "A cycle of a stream has stalled: each of its stages waits for the next",
        stream: "ring",
        stages: running.stalled.join(", "),
      },
    ]);
    running.stop();
    assertAllStopped(system);
  }
});

test("a balanced cycle without a first element is found once an element waits for it", () => {
  const { clock, system, warnings } = start();
  const running = loop("zip", plain).runWatched(system);
  clock.runSoon();
  running.materialized.downstream.request(1);
  expect(running.stalled).toEqual([]);
  running.materialized.upstream.sendNext(1);
  expect(running.stalled).toEqual(expect.arrayContaining(["zipWith", "broadcast"]));
  expect(warnings).toHaveLength(1);
  running.stop();
  assertAllStopped(system);
});

test("a cycle that rests as nothing comes, or as downstream asks for nothing, has not stalled", () => {
  const { clock, system, warnings } = start();
  const running = loop("merge", plain.buffer(4, "dropHead")).runWatched(system);
  clock.runSoon();
  const { upstream, downstream } = running.materialized;
  upstream.sendNext(1);
  clock.runSoon();
  expect(running.stalled).toEqual([]);
  downstream.request(3);
  downstream.expectNext(1, 2, 3);
  expect([running.stalled, warnings]).toEqual([[], []]);
  running.stop();
  assertAllStopped(system);
});
