import { expect, test } from "vitest";
import { Flow } from "../../../../runtime/streams/flow.ts";
import { Keep } from "../../../../runtime/streams/keep.ts";
import { KillSwitches } from "../../../../runtime/streams/kill-switches.ts";
import { assertAllStopped } from "../../../../runtime/streams/probes/assert-all-stopped.ts";
import { TestSink, type TestSubscriber } from "../../../../runtime/streams/probes/test-sink.ts";
import { type TestPublisher, TestSource } from "../../../../runtime/streams/probes/test-source.ts";
import { RestartFlow } from "../../../../runtime/streams/restart/restart-flow.ts";
import { RestartSink } from "../../../../runtime/streams/restart/restart-sink.ts";
import { RestartSource } from "../../../../runtime/streams/restart/restart-source.ts";
import type { RestartSettings } from "../../../../runtime/streams/restart/restarts.ts";
import { broken, start } from "../started.ts";

const settings: RestartSettings = { backoffMinMs: 100, backoffMaxMs: 1_000, randomFactor: 0 };

function sources(kind: "withBackoff" | "onFailuresWithBackoff", given: RestartSettings = settings) {
  const { clock, system } = start();
  const made: TestPublisher<number>[] = [];
  const create = () =>
    TestSource.probe<number>().mapMaterializedValue((publisher) => {
      made.push(publisher);
    });
  const down = RestartSource[kind](given, create).runWith(TestSink.probe<number>(), system);
  clock.runSoon();
  return { clock, system, down, made, at: (index: number) => made[index] ?? expect.fail(`no source ${index}`) };
}

test("a source that completes or fails begins again after pauses that double, with the demand that is left", () => {
  const { clock, down, made, at, system } = sources("withBackoff");
  down.request(3);
  at(0).sendNext(1);
  at(0).sendComplete();
  clock.advance(99);
  expect(made.length).toBe(1);
  clock.advance(1);
  at(1).sendNext(2);
  at(1).sendError(broken);
  clock.advance(199);
  expect(made.length).toBe(2);
  clock.advance(1);
  at(2).sendNext(3);
  down.expectNext(1, 2, 3);
  down.expectNoMessage();
  at(2).expectNoRequest();
  down.cancel();
  at(2).expectCancellation();
  assertAllStopped(system);
});

test("a source that restarts on failures alone completes with its source", () => {
  const { clock, down, at, system } = sources("onFailuresWithBackoff");
  at(0).sendError(broken);
  clock.advance(100);
  at(1).sendComplete();
  down.expectComplete();
  assertAllStopped(system);
});

test("a source fails once its restarts are used up, or its failure is not worth another", () => {
  const usedUp = sources("withBackoff", { ...settings, restartsMax: 1 });
  usedUp.at(0).sendError(broken);
  usedUp.clock.advance(100);
  usedUp.at(1).sendError(broken);
  usedUp.down.expectError(broken);
  assertAllStopped(usedUp.system);
  const unworthy = sources("withBackoff", { ...settings, restartOn: (error) => error !== broken });
  unworthy.at(0).sendError(broken);
  unworthy.down.expectError(broken);
});

test("restarts count anew after a window without one", () => {
  const { clock, down, at } = sources("withBackoff", { ...settings, restartsMax: 1, windowMs: 1_000 });
  at(0).sendError(broken);
  clock.advance(100);
  clock.advance(1_001);
  at(1).sendError(broken);
  down.expectNoMessage();
});

test("a pause is longer by chance, up to the random factor", () => {
  const { clock, made, at } = sources("withBackoff", { ...settings, randomFactor: 0.5 });
  at(0).sendComplete();
  clock.advance(100);
  expect(made.length).toBe(1);
  clock.advance(50);
  expect(made.length).toBe(2);
});

test("cancelling during a pause calls it off", () => {
  const { down, at, system } = sources("withBackoff");
  at(0).sendComplete();
  down.cancel();
  assertAllStopped(system);
});

function flows(kind: "withBackoff" | "onFailuresWithBackoff", create: () => Flow<number, number>) {
  const { clock, system } = start();
  let made = 0;
  const counting = () => {
    made += 1;
    return create();
  };
  const source = TestSource.probe<number>().via(RestartFlow[kind](settings, counting));
  const [up, down] = source.toMat(TestSink.probe<number>(), Keep.both).run(system);
  clock.runSoon();
  return { clock, system, up, down, made: () => made };
}

const failingAt = (bad: number) => () =>
  Flow.of<number>().map((n) => {
    if (n === bad) throw broken;
    return n;
  });

test("a flow that fails begins again; the element that it failed at is lost, those after wait", () => {
  const { clock, up, down, made, system } = flows("onFailuresWithBackoff", failingAt(2));
  down.request(3);
  up.sendNext(1);
  up.sendNext(2);
  up.expectNoRequest();
  down.expectNext(1);
  clock.advance(100);
  expect(made()).toBe(2);
  up.sendNext(3);
  down.expectNext(3);
  up.sendComplete();
  down.expectComplete();
  assertAllStopped(system);
});

test("a flow that completes by itself begins again, or ends where only failures are followed by a restart", () => {
  const again = flows("withBackoff", () => Flow.of<number>().take(1));
  again.down.request(2);
  again.up.sendNext(1);
  again.clock.advance(100);
  again.up.sendNext(2);
  again.down.expectNext(1, 2);
  again.down.expectNoMessage();
  again.down.cancel();
  again.up.expectCancellation();
  assertAllStopped(again.system);
  const once = flows("onFailuresWithBackoff", () => Flow.of<number>().take(1));
  once.down.request(2);
  once.up.sendNext(1);
  once.down.expectNext(1);
  once.down.expectComplete();
  once.up.expectCancellation();
  assertAllStopped(once.system);
});

test("a restarted flow hands on the end of upstream, also during a pause", () => {
  const failing = flows("withBackoff", () => Flow.of<number>());
  failing.up.sendError(broken);
  failing.down.expectError(broken);
  assertAllStopped(failing.system);
  const pausing = flows("withBackoff", failingAt(1));
  pausing.down.request(1);
  pausing.up.sendNext(1);
  pausing.up.sendComplete();
  pausing.down.expectComplete();
  assertAllStopped(pausing.system);
});

function sinks(given: RestartSettings = settings) {
  const { clock, system } = start();
  const made: TestSubscriber<number>[] = [];
  const create = () =>
    TestSink.probe<number>().mapMaterializedValue((subscriber) => {
      made.push(subscriber);
    });
  const up = TestSource.probe<number>().to(RestartSink.withBackoff(given, create)).run(system);
  clock.runSoon();
  return { clock, system, up, made, at: (index: number) => made[index] ?? expect.fail(`no sink ${index}`) };
}

test("a sink that cancels begins again after a pause, and upstream waits meanwhile", () => {
  const { clock, up, at, system } = sinks();
  up.expectNoRequest();
  at(0).request(1);
  up.sendNext(1);
  at(0).expectNext(1);
  at(0).request(1);
  at(0).cancel(broken);
  up.sendNext(2);
  up.expectNoRequest();
  clock.advance(100);
  at(1).requestNext(2);
  up.sendComplete();
  at(1).expectComplete();
  assertAllStopped(system);
});

test("a sink cancels upstream once its restarts are used up, and hands on a failure of upstream", () => {
  const usedUp = sinks({ ...settings, restartsMax: 0 });
  usedUp.at(0).cancel();
  usedUp.up.expectCancellation();
  assertAllStopped(usedUp.system);
  const failing = sinks();
  failing.up.sendError(broken);
  failing.at(0).expectError(broken);
  assertAllStopped(failing.system);
});

test.each(["shutdown", "abort"] as const)(
  "a shared kill switch ends by %s every run, also one that begins later",
  (end) => {
    const { clock, system } = start();
    const shared = KillSwitches.shared("all");
    const run = () => {
      const source = TestSource.probe<number>().via(shared.flow<number>());
      const probes = source.toMat(TestSink.probe<number>(), Keep.both).run(system);
      clock.runSoon();
      return probes;
    };
    const runs = [run(), run()];
    if (end === "shutdown") shared.shutdown();
    else shared.abort(broken);
    shared.abort(new Error("too late"));
    for (const [up, down] of [...runs, run()]) {
      if (end === "shutdown") down.expectComplete();
      else down.expectError(broken);
      expect(up.expectCancellation()).toBe(end === "abort" ? broken : undefined);
    }
    assertAllStopped(system);
  },
);
