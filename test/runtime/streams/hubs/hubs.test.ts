import { expect, test } from "vitest";
import { BroadcastHub } from "../../../../runtime/streams/hubs/broadcast-hub.ts";
import { MergeHub } from "../../../../runtime/streams/hubs/merge-hub.ts";
import { PartitionHub } from "../../../../runtime/streams/hubs/partition-hub.ts";
import { Keep } from "../../../../runtime/streams/keep.ts";
import { assertAllStopped } from "../../../../runtime/streams/probes/assert-all-stopped.ts";
import { TestSink } from "../../../../runtime/streams/probes/test-sink.ts";
import { TestSource } from "../../../../runtime/streams/probes/test-source.ts";
import { broken, start } from "../started.ts";

function merging(bufferMax: number) {
  const { clock, system } = start();
  const hub = MergeHub.sourceWithDraining<number>(bufferMax).toMat(TestSink.probe<number>(), Keep.both);
  const running = hub.runWatched(system);
  clock.runSoon();
  const [[sink, control], down] = running.materialized;
  const produce = () => {
    const up = TestSource.probe<number>().to(sink).run(system);
    clock.runSoon();
    return up;
  };
  return { clock, system, down, control, produce, running };
}

test("mergeHub joins producers that come and go; those that have elements take turns", () => {
  const { down, produce, system } = merging(2);
  const a = produce();
  const b = produce();
  for (const element of [1, 2]) a.sendNext(element);
  b.sendNext(10);
  a.expectNoRequest();
  down.request(3);
  down.expectNext(1, 10, 2);
  a.expectRequest();
  a.sendNext(3);
  a.sendComplete();
  down.requestNext(3);
  b.sendError(broken);
  down.expectNoMessage();
  const c = produce();
  c.sendNext(20);
  down.requestNext(20);
  down.cancel();
  c.expectCancellation();
  assertAllStopped(system);
});

test("mergeHub cancels producers when downstream cancels, and those that come later at once", () => {
  const { down, produce, system } = merging(2);
  const early = produce();
  down.cancel();
  early.expectCancellation();
  produce().expectCancellation();
  assertAllStopped(system);
});

test("mergeHub that drains takes no further producer, and completes after those it has", () => {
  const { down, control, produce, system } = merging(2);
  const early = produce();
  early.sendNext(1);
  control.drainAndComplete();
  produce().expectCancellation();
  early.sendComplete();
  down.expectNext();
  down.requestNext(1);
  down.expectComplete();
  assertAllStopped(system);
});

test("mergeHub that drains without a producer completes at once, and one that is stopped cancels with a cause", () => {
  const idle = merging(1);
  idle.control.drainAndComplete();
  idle.down.expectComplete();
  assertAllStopped(idle.system);
  const stopped = merging(1);
  const up = stopped.produce();
  stopped.running.stop();
  expect(up.expectCancellation()).toMatchObject({ code: "STREAM_STOPPED" });
  assertAllStopped(stopped.system);
});

function broadcasting(bufferMax: number, startAfter = 0) {
  const { clock, system } = start();
  const hub = TestSource.probe<number>().toMat(BroadcastHub.sink<number>(bufferMax, startAfter), Keep.both);
  const running = hub.runWatched(system);
  clock.runSoon();
  const [up, source] = running.materialized;
  const consume = () => {
    const down = source.runWith(TestSink.probe<number>(), system);
    clock.runSoon();
    return down;
  };
  return { clock, system, up, consume, running };
}

test("broadcastHub without a consumer backpressures at its bound; the first one gets what waits", () => {
  const { up, consume, system } = broadcasting(2);
  up.sendNext(1);
  up.sendNext(2);
  up.expectNoRequest();
  const down = consume();
  down.request(3);
  down.expectNext(1, 2);
  up.sendNext(3);
  down.expectNext(3);
  up.sendComplete();
  down.expectComplete();
  assertAllStopped(system);
});

test("broadcastHub goes at the pace of its slowest consumer, until that leaves", () => {
  const { up, consume } = broadcasting(2);
  const fast = consume();
  const slow = consume();
  fast.request(10);
  up.sendNext(1);
  up.sendNext(2);
  fast.expectNext(1, 2);
  up.expectNoRequest();
  slow.requestNext(1);
  up.sendNext(3);
  up.expectNoRequest();
  slow.cancel();
  up.expectRequest();
  fast.expectNext(3);
});

test("broadcastHub keeps what its last consumer has not seen for the next; a second one gets what follows", () => {
  const { up, consume } = broadcasting(4);
  const first = consume();
  up.sendNext(1);
  up.sendNext(2);
  first.requestNext(1);
  first.cancel();
  const second = consume();
  const third = consume();
  second.request(9);
  third.request(9);
  up.sendNext(3);
  second.expectNext(2, 3);
  third.expectNext(3);
});

test("broadcastHub gives nothing before there are as many consumers as it waits for", () => {
  const { up, consume } = broadcasting(2, 2);
  const first = consume();
  first.request(2);
  up.sendNext(1);
  first.expectNoMessage();
  const second = consume();
  second.request(2);
  first.expectNext(1);
  up.sendNext(2);
  first.expectNext(2);
  second.expectNext(2);
});

test("broadcastHub completes a consumer after what it has not seen, and fails all at once; those that come later too", () => {
  const completing = broadcasting(2);
  const slow = completing.consume();
  completing.up.sendNext(1);
  completing.up.sendComplete();
  slow.expectNoMessage();
  slow.requestNext(1);
  slow.expectComplete();
  completing.consume().expectComplete();
  assertAllStopped(completing.system);
  const failing = broadcasting(2);
  const down = failing.consume();
  failing.up.sendNext(1);
  failing.up.sendError(broken);
  down.expectError(broken);
  failing.consume().expectError(broken);
  assertAllStopped(failing.system);
});

test("broadcastHub that is stopped fails its consumers", () => {
  const { consume, running, system } = broadcasting(2);
  const down = consume();
  running.stop();
  expect(down.expectError()).toMatchObject({ code: "STREAM_STOPPED" });
  assertAllStopped(system);
});

test.each([0, 3, 4_096])("broadcastHub takes no buffer of %i", (bufferMax) => {
  expect(() => BroadcastHub.sink(bufferMax)).toThrow("power of two");
});

function partitioning(choose: (consumers: number, element: number) => number, startAfter: number, bufferMax: number) {
  const { clock, system } = start();
  const sink = PartitionHub.sink<number>(choose, startAfter, bufferMax);
  const running = TestSource.probe<number>().toMat(sink, Keep.both).runWatched(system);
  clock.runSoon();
  const [up, source] = running.materialized;
  const consume = () => {
    const down = source.runWith(TestSink.probe<number>(), system);
    clock.runSoon();
    return down;
  };
  return { clock, system, up, consume, running };
}

const byRest = (consumers: number, element: number) => element % consumers;

test("partitionHub gives each element to the consumer chosen, and waits for as many as it is told to", () => {
  const { up, consume, system } = partitioning(byRest, 2, 8);
  const even = consume();
  up.expectNoRequest();
  const odd = consume();
  for (const element of [1, 2, 3, 4]) up.sendNext(element);
  odd.request(9);
  odd.expectNext(1, 3);
  up.sendComplete();
  odd.expectComplete();
  even.request(2);
  even.expectNext(2, 4);
  even.expectComplete();
  consume().expectComplete();
  assertAllStopped(system);
});

test("partitionHub backpressures when its buffer is full, and while there is no consumer", () => {
  const { up, consume } = partitioning(() => 0, 1, 2);
  const first = consume();
  up.sendNext(1);
  up.sendNext(2);
  up.expectNoRequest();
  first.requestNext(1);
  up.sendNext(3);
  up.expectNoRequest();
  first.cancel();
  up.expectNoRequest();
  const second = consume();
  up.sendNext(4);
  second.requestNext(4);
});

test("partitionHub drops where the index is negative, and fails where there is no such consumer", () => {
  const { up, consume, system } = partitioning((_, element) => element, 1, 2);
  const down = consume();
  down.request(3);
  up.sendNext(-1);
  down.expectNoMessage();
  up.sendNext(1);
  expect(up.expectCancellation()).toMatchObject({ code: "STAGE_FAILED" });
  down.expectError();
  assertAllStopped(system);
});

test("partitionHub fails its consumers with upstream", () => {
  const { up, consume, system } = partitioning(byRest, 1, 2);
  const down = consume();
  up.sendNext(1);
  up.sendError(broken);
  down.expectError(broken);
  assertAllStopped(system);
});
