import fc from "fast-check";
import { expect, test } from "vitest";
import { ActorSystem } from "../../../runtime/actors/actor-system.ts";
import { virtualClock } from "../../../runtime/clock/virtual-clock.ts";
import { Keep } from "../../../runtime/streams/keep.ts";
import { assertAllStopped } from "../../../runtime/streams/probes/assert-all-stopped.ts";
import { TestSink } from "../../../runtime/streams/probes/test-sink.ts";
import { TestSource } from "../../../runtime/streams/probes/test-source.ts";
import { Sink } from "../../../runtime/streams/sink.ts";
import { Source } from "../../../runtime/streams/source.ts";

function start() {
  const clock = virtualClock();
  return { clock, system: new ActorSystem({ clock }) };
}

function* upTo(count: number): Generator<number> {
  for (let index = 0; index < count; index += 1) yield index;
}

function probe() {
  const { clock, system } = start();
  const [upstream, downstream] = TestSource.probe<number>()
    .async()
    .toMat(TestSink.probe<number>(), Keep.both)
    .run(system);
  clock.runSoon();
  return { clock, system, upstream, downstream };
}

test("sixteen elements are asked for at first, then eight when eight were taken", () => {
  const { clock, system } = start();
  let sent = 0;
  const downstream = Source.from(upTo(1_000))
    .map((element) => {
      sent += 1;
      return element;
    })
    .async()
    .runWith(TestSink.probe<number>(), system);
  clock.runSoon();
  expect(sent).toBe(16);
  downstream.request(7);
  expect(sent).toBe(16);
  downstream.request(1);
  expect(sent).toBe(24);
  downstream.expectNext(0, 1, 2, 3, 4, 5, 6, 7);
  downstream.cancel();
  assertAllStopped(system);
});

test.each<[first: number | undefined, second: number | undefined, window: number]>([
  [1, undefined, 1],
  [undefined, 3, 3],
  [64, undefined, 64],
  [64, 5, 5],
])(
  "of windows %s and %s, %i elements cross at first, and never more than that are on their way",
  (first, second, window) => {
    const { clock, system } = start();
    const settings = (windowMax: number | undefined) => (windowMax === undefined ? {} : { windowMax });
    let sent = 0;
    const counting = Source.from(upTo(1_000)).map((element) => {
      sent += 1;
      return element;
    });
    const sink = TestSink.probe<number>().async(settings(second));
    const downstream = counting.async(settings(first)).runWith(sink, system);
    clock.runSoon();
    expect(sent).toBe(window);
    for (let taken = 1; taken < 300; taken += 1) {
      downstream.requestNext(taken - 1);
      expect(sent).toBeLessThanOrEqual(taken + window);
      expect(sent).toBeGreaterThan(taken);
    }
    downstream.cancel();
    assertAllStopped(system);
  },
);

test("a window holds at least one element", () => {
  expect(() => Source.never().async({ windowMax: 0 })).toThrow("at least one element");
});

test("never more than sixteen elements are on their way, however the other side asks", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 30 }), (requests) => {
      const { clock, system } = start();
      let sent = 0;
      let taken = 0;
      let most = 0;
      const downstream = Source.from(upTo(10_000))
        .map((element) => {
          sent += 1;
          most = Math.max(most, sent - taken);
          return element;
        })
        .async()
        .map((element) => {
          taken += 1;
          return element;
        })
        .runWith(TestSink.probe<number>(), system);
      clock.runSoon();
      for (const count of requests) downstream.request(count);
      // One is in the hand of the stage that counts.
      expect(most).toBeLessThanOrEqual(16 + 1);
      expect(sent - taken).toBeLessThanOrEqual(16);
      downstream.cancel();
      assertAllStopped(system);
    }),
  );
});

test("a lone element crosses at once", () => {
  const { upstream, downstream } = probe();
  downstream.request(1);
  upstream.sendNext(1);
  downstream.expectNext(1);
});

test("completion crosses after the elements", () => {
  const { upstream, downstream, system } = probe();
  upstream.sendNext(1);
  upstream.sendNext(2);
  upstream.sendComplete();
  downstream.request(1);
  downstream.expectNext(1);
  downstream.expectNoMessage();
  downstream.request(1);
  downstream.expectNext(2);
  downstream.expectComplete();
  assertAllStopped(system);
});

test("a failure overtakes the elements", () => {
  const { upstream, downstream, system } = probe();
  const error = new Error("broken on purpose");
  upstream.sendNext(1);
  upstream.sendError(error);
  downstream.expectError(error);
  assertAllStopped(system);
});

test("cancellation crosses with its cause", () => {
  const { upstream, downstream, system } = probe();
  const error = new Error("broken on purpose");
  downstream.cancel(error);
  expect(upstream.expectCancellation()).toBe(error);
  assertAllStopped(system);
});

test("any split of a line of stages into islands gives the same elements", async () => {
  const operators: readonly ((source: Source<number>) => Source<number>)[] = [
    (source) => source.map((element) => element * 3),
    (source) => source.filter((element) => element % 2 === 0),
    (source) => source.mapConcat((element) => [element, -element]),
    (source) => source.scan(0, (sum, element) => sum + element),
    (source) => source.grouped(3).map((group) => group.length),
    (source) => source.buffer(5, "backpressure"),
    (source) => source.mapAsync(3, (element) => element + 1),
    (source) => source.take(40),
  ];
  const stage = fc.record({ operator: fc.nat(operators.length - 1), splits: fc.boolean() });
  const build = (elements: number[], stages: readonly { operator: number; splits: boolean }[], splitting: boolean) => {
    let source: Source<number> = Source.from(elements);
    for (const { operator, splits } of stages) {
      source = operators[operator]?.(source) ?? source;
      if (splits && splitting) source = source.async();
    }
    return source;
  };
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer(), { maxLength: 60 }),
      fc.array(stage, { maxLength: 8 }),
      fc.constantFrom(0, 1, 16),
      async (elements, stages, chaseMax) => {
        const { clock, system } = start();
        const fused = build(elements, stages, false).runWith(Sink.collect<number>(), system);
        const split = build(elements, stages, true).runWith(Sink.collect<number>(), system, { chaseMax });
        clock.runSoon();
        assertAllStopped(system);
        expect(await split).toEqual(await fused);
      },
    ),
  );
});

test("a run that is stopped from outside leaves no actor, on either side, and says so", async () => {
  const { clock, system } = start();
  const error = new Error("enough");
  const running = Source.tick(0, 10, "tick").async().runWatched(Sink.ignore(), system);
  clock.advance(25);
  running.stop(error);
  assertAllStopped(system);
  await expect(running.done).rejects.toBe(error);
  await expect(running.materialized).rejects.toMatchObject({ code: "STREAM_STOPPED" });
});
