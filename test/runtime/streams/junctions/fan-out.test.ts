import fc from "fast-check";
import { expect, test } from "vitest";
import { GraphDSL } from "../../../../runtime/streams/graph-dsl.ts";
import { Balance } from "../../../../runtime/streams/junctions/balance.ts";
import { Unzip } from "../../../../runtime/streams/junctions/unzip.ts";
import { UnzipWith } from "../../../../runtime/streams/junctions/unzip-with.ts";
import { Zip } from "../../../../runtime/streams/junctions/zip.ts";
import { Keep } from "../../../../runtime/streams/keep.ts";
import { assertAllStopped } from "../../../../runtime/streams/probes/assert-all-stopped.ts";
import { TestSink, type TestSubscriber } from "../../../../runtime/streams/probes/test-sink.ts";
import { TestSource } from "../../../../runtime/streams/probes/test-source.ts";
import { ClosedShape, FlowShape } from "../../../../runtime/streams/shape.ts";
import { Source } from "../../../../runtime/streams/source.ts";
import { broken, elementsOf, start } from "../started.ts";

function balanced(junction: Balance<number>) {
  const { clock, system } = start();
  const parts = {
    up: TestSource.probe<number>(),
    split: junction,
    a: TestSink.probe<number>(),
    b: TestSink.probe<number>(),
  };
  const graph = GraphDSL.create(parts, (builder, { up, split, a, b }) => {
    builder.connect(up.out, split.in);
    [a, b].forEach((sink, index) => {
      const out = split.outs[index];
      if (out !== undefined) builder.connect(out, sink.in);
    });
    return new ClosedShape();
  });
  const { up, a, b } = graph.run(system);
  clock.runSoon();
  return { up, a, b, system };
}

function unzipped() {
  const { clock, system } = start();
  const parts = {
    up: TestSource.probe<number>(),
    split: new UnzipWith<number, [number, string]>(2, (n) => [n, `${n}`]),
    a: TestSink.probe<number>(),
    b: TestSink.probe<string>(),
  };
  const graph = GraphDSL.create(parts, (builder, { up, split, a, b }) => {
    builder.connect(up.out, split.in);
    builder.connect(split.outs[0], a.in);
    builder.connect(split.outs[1], b.in);
    return new ClosedShape();
  });
  const { up, a, b } = graph.run(system);
  clock.runSoon();
  return { up, a, b, system };
}

test("balance gives each element to the outlet that waits longest, and backpressures when none does", () => {
  const { up, a, b, system } = balanced(new Balance<number>(2));
  up.expectNoRequest();
  b.request(1);
  a.request(1);
  up.sendNext(1);
  up.sendNext(2);
  up.expectNoRequest();
  b.expectNext(1);
  a.expectNext(2);
  up.sendComplete();
  a.expectComplete();
  b.expectComplete();
  assertAllStopped(system);
});

test("balance waits for every outlet where it is told to", () => {
  const { up, a, b } = balanced(new Balance<number>(2, true));
  a.request(1);
  up.expectNoRequest();
  b.request(1);
  up.sendNext(1);
  a.expectNext(1);
});

test("balance goes on without an outlet that cancels, and loses no element that was meant for it", () => {
  const { up, a, b, system } = balanced(new Balance<number>(2));
  a.request(1);
  a.cancel();
  up.sendNext(1);
  b.expectNoMessage();
  b.request(1);
  b.expectNext(1);
  b.cancel();
  up.expectCancellation();
  assertAllStopped(system);
});

test("balance that cancels eagerly ends with the first outlet", () => {
  const { up, a, b, system } = balanced(new Balance<number>(2, false, true));
  a.cancel();
  up.expectCancellation();
  b.expectComplete();
  assertAllStopped(system);
});

test("unzip waits for every open outlet, and goes on without one that cancels", () => {
  const { up, a, b, system } = unzipped();
  a.request(2);
  up.expectNoRequest();
  b.request(1);
  up.sendNext(1);
  a.expectNext(1);
  b.expectNext("1");
  up.expectNoRequest();
  b.cancel();
  up.sendNext(2);
  a.expectNext(2);
  a.cancel();
  up.expectCancellation();
  assertAllStopped(system);
});

test("unzip hands completion and failure to every outlet", () => {
  const completing = unzipped();
  completing.up.sendComplete();
  completing.a.expectComplete();
  completing.b.expectComplete();
  const failing = unzipped();
  failing.up.sendError(broken);
  failing.a.expectError(broken);
  failing.b.expectError(broken);
  assertAllStopped(failing.system);
});

test("zip undoes unzip", async () => {
  const there = GraphDSL.create((builder) => {
    const apart = builder.add(new Unzip<[number, string]>(2));
    const together = builder.add(new Zip<[number, string]>(2));
    builder.connect(apart.outs[0], together.ins[0]);
    builder.connect(apart.outs[1], together.ins[1]);
    return new FlowShape(apart.in, together.out);
  });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.integer(), fc.string())), async (pairs) => {
      expect(await elementsOf(Source.from(pairs).via(there))).toEqual(pairs);
    }),
    { numRuns: 50 },
  );
});

function side(kind: "alsoTo" | "divertTo" | "wireTap") {
  const { clock, system } = start();
  const parts = { up: TestSource.probe<number>(), down: TestSink.probe<number>(), tap: TestSink.probe<number>() };
  let tap: TestSubscriber<number> | undefined;
  const sink = parts.tap.mapMaterializedValue((subscriber) => {
    tap = subscriber;
  });
  const withSide = {
    alsoTo: () => parts.up.alsoTo(sink),
    divertTo: () => parts.up.divertTo(sink, (n) => n > 9),
    wireTap: () => parts.up.wireTap(sink),
  }[kind]();
  const [up, down] = withSide.toMat(parts.down, Keep.both).run(system);
  clock.runSoon();
  return { up, down, tap: tap as unknown as TestSubscriber<number>, system };
}

test("alsoTo goes at the pace of the slower, and ends with either", () => {
  const { up, down, tap, system } = side("alsoTo");
  down.request(2);
  up.expectNoRequest();
  tap.request(1);
  up.sendNext(1);
  down.expectNext(1);
  tap.expectNext(1);
  tap.cancel();
  down.expectComplete();
  up.expectCancellation();
  assertAllStopped(system);
});

test("divertTo sends what it is told to elsewhere", () => {
  const { up, down, tap, system } = side("divertTo");
  down.request(1);
  tap.request(1);
  up.sendNext(10);
  tap.expectNext(10);
  up.sendNext(1);
  down.expectNext(1);
  up.sendComplete();
  down.expectComplete();
  tap.expectComplete();
  assertAllStopped(system);
});

test("wireTap never holds up the stream; the tap sees the newest of what it missed", () => {
  const { up, down, tap, system } = side("wireTap");
  down.request(3);
  for (const element of [1, 2, 3]) up.sendNext(element);
  down.expectNext(1, 2, 3);
  up.sendComplete();
  down.expectComplete();
  tap.request(1);
  tap.expectNext(3);
  tap.expectComplete();
  assertAllStopped(system);
});

test("wireTap goes on when the tap cancels, and calls a function with each element", async () => {
  const { up, down, tap } = side("wireTap");
  tap.cancel(broken);
  down.request(1);
  up.sendNext(1);
  down.expectNext(1);
  const seen: number[] = [];
  expect(await elementsOf(Source.from([1, 2]).wireTap((n) => seen.push(n)))).toEqual([1, 2]);
  expect(seen).toEqual([1, 2]);
});
