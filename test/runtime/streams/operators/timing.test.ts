import { expect, test } from "vitest";
import { Flow } from "../../../../runtime/streams/flow.ts";
import { TokenBucket } from "../../../../runtime/streams/token-bucket.ts";
import type { DelayOverflow } from "../../../../runtime/streams/operators/delay.ts";
import { probe } from "./probed-flow.ts";

const flow = Flow.of<number>();

test("takeWithin completes and cancels when its time has passed, not before", () => {
  const { upstream, downstream, clock, allStopped } = probe(flow.takeWithin(100));
  downstream.request(2);
  clock.advance(99);
  upstream.sendNext(1);
  downstream.expectNext(1);
  downstream.expectNoMessage();
  clock.advance(1);
  downstream.expectComplete();
  expect(upstream.expectCancellation()).toBeUndefined();
  allStopped();
});

test("dropWithin lets elements through once its time has passed, not before", () => {
  const { upstream, downstream, clock } = probe(flow.dropWithin(100));
  downstream.request(2);
  clock.advance(99);
  upstream.sendNext(1);
  downstream.expectNoMessage();
  clock.advance(1);
  upstream.sendNext(2);
  downstream.expectNext(2);
});

test("initialDelay asks for nothing until its time has passed", () => {
  const { upstream, downstream, clock } = probe(flow.initialDelay(100));
  downstream.request(1);
  clock.advance(99);
  upstream.expectNoRequest();
  clock.advance(1);
  upstream.sendNext(1);
  downstream.expectNext(1);
  upstream.expectNoRequest();
});

test("initialTimeout fails where the first element is late, and only then", () => {
  const late = probe(flow.initialTimeout(100));
  late.downstream.request(1);
  late.clock.advance(99);
  late.downstream.expectNoMessage();
  late.clock.advance(1);
  const error = late.downstream.expectError();
  expect(error).toMatchObject({ code: "STREAM_TIMEOUT", retryable: true });
  expect(late.upstream.expectCancellation()).toBe(error);
  late.allStopped();
  const inTime = probe(flow.initialTimeout(100));
  inTime.downstream.request(2);
  inTime.clock.advance(99);
  inTime.upstream.sendNext(1);
  inTime.clock.advance(1_000);
  inTime.downstream.expectNext(1);
  inTime.downstream.expectNoMessage();
});

test("completionTimeout fails a stream that goes on, though elements pass", () => {
  const { upstream, downstream, clock, allStopped } = probe(flow.completionTimeout(100));
  downstream.request(2);
  upstream.sendNext(1);
  clock.advance(99);
  downstream.expectNext(1);
  downstream.expectNoMessage();
  clock.advance(1);
  expect(downstream.expectError()).toMatchObject({ code: "STREAM_TIMEOUT" });
  allStopped();
});

test("idleTimeout fails after a pause, counted from the last element", () => {
  const { upstream, downstream, clock, allStopped } = probe(flow.idleTimeout(100));
  downstream.request(9);
  clock.advance(99);
  upstream.sendNext(1);
  clock.advance(99);
  upstream.sendNext(2);
  downstream.expectNext(1, 2);
  clock.advance(99);
  downstream.expectNoMessage();
  clock.advance(1);
  expect(downstream.expectError()).toMatchObject({ code: "STREAM_TIMEOUT" });
  allStopped();
});

test("backpressureTimeout fails where downstream does not ask, not where upstream is slow", () => {
  const { upstream, downstream, clock, allStopped } = probe(flow.backpressureTimeout(100));
  clock.advance(99);
  downstream.request(1);
  clock.advance(1_000);
  upstream.sendNext(1);
  downstream.expectNext(1);
  clock.advance(99);
  downstream.request(1);
  clock.advance(500);
  upstream.sendNext(2);
  downstream.expectNext(2);
  clock.advance(99);
  downstream.expectNoMessage();
  clock.advance(1);
  expect(downstream.expectError()).toMatchObject({ code: "STREAM_TIMEOUT" });
  allStopped();
});

test("keepAlive fills a pause that is long enough, once for each idle time, and only on demand", () => {
  const { upstream, downstream, clock, allStopped } = probe(flow.keepAlive(100, () => 0));
  downstream.request(1);
  clock.advance(99);
  downstream.expectNoMessage();
  clock.advance(1);
  downstream.expectNext(0);
  clock.advance(500);
  downstream.request(2);
  downstream.expectNext(0);
  clock.advance(60);
  upstream.sendNext(1);
  downstream.expectNext(1);
  downstream.request(1);
  clock.advance(99);
  downstream.expectNoMessage();
  clock.advance(1);
  downstream.expectNext(0);
  upstream.sendComplete();
  downstream.expectComplete();
  allStopped();
});

test("keepAlive prefers an element that waits to one of its own, and emits it before it completes", () => {
  const { upstream, downstream, clock } = probe(flow.keepAlive(100, () => 0));
  upstream.sendNext(1);
  upstream.expectNoRequest();
  upstream.sendComplete();
  clock.advance(500);
  downstream.request(1);
  downstream.expectNext(1);
  downstream.expectComplete();
});

test("debounce emits the last element once it is quiet, counted from that element", () => {
  const { upstream, downstream, clock, allStopped } = probe(flow.debounce(100));
  downstream.request(2);
  upstream.sendNext(1);
  clock.advance(99);
  upstream.sendNext(2);
  clock.advance(99);
  downstream.expectNoMessage();
  clock.advance(1);
  downstream.expectNext(2);
  clock.advance(500);
  downstream.expectNoMessage();
  upstream.sendNext(3);
  upstream.sendComplete();
  downstream.expectNext(3);
  downstream.expectComplete();
  allStopped();
});

test("debounce keeps the newest for a downstream that does not ask", () => {
  const { upstream, downstream, clock } = probe(flow.debounce(100));
  for (const n of [1, 2]) {
    upstream.sendNext(n);
    clock.advance(200);
  }
  upstream.sendComplete();
  downstream.request(1);
  downstream.expectNext(2);
  downstream.expectComplete();
});

test("delay emits each element after its time, in order, and completes once it is empty", () => {
  const { upstream, downstream, clock, allStopped } = probe(flow.delay(100, "backpressure", 2));
  downstream.request(9);
  upstream.sendNext(1);
  clock.advance(50);
  upstream.sendNext(2);
  upstream.expectNoRequest();
  clock.advance(49);
  downstream.expectNoMessage();
  clock.advance(1);
  downstream.expectNext(1);
  upstream.expectRequest();
  upstream.sendComplete();
  clock.advance(49);
  downstream.expectNoMessage();
  clock.advance(1);
  downstream.expectNext(2);
  downstream.expectComplete();
  allStopped();
});

test("delay holds for a slow downstream what is due", () => {
  const { upstream, downstream, clock } = probe(flow.delay(100, "backpressure", 2));
  upstream.sendNext(1);
  clock.advance(500);
  downstream.requestNext(1);
  upstream.sendNext(2);
  upstream.sendComplete();
  downstream.request(1);
  clock.advance(99);
  downstream.expectNoMessage();
  clock.advance(1);
  downstream.expectNext(2);
  downstream.expectComplete();
});

test.each<[DelayOverflow, number[]]>([
  ["dropHead", [2, 3]],
  ["dropTail", [1, 3]],
  ["dropBuffer", [3]],
  ["dropNew", [1, 2]],
])("a full delay of two with %s gives what it kept", (overflow, kept) => {
  const { upstream, downstream, clock } = probe(flow.delay(100, overflow, 2));
  for (const n of [1, 2, 3]) upstream.sendNext(n);
  upstream.sendComplete();
  downstream.request(9);
  clock.advance(99);
  downstream.expectNoMessage();
  clock.advance(1);
  downstream.expectNext(...kept);
  downstream.expectComplete();
});

test("a full delay with fail fails, with emitEarly emits the oldest before its time", () => {
  const failing = probe(flow.delay(100, "fail", 1));
  failing.upstream.sendNext(1);
  failing.upstream.sendNext(2);
  expect(failing.downstream.expectError()).toMatchObject({ code: "BUFFER_FULL" });
  failing.allStopped();
  const early = probe(flow.delay(100, "emitEarly", 1));
  early.upstream.sendNext(1);
  early.upstream.expectNoRequest();
  early.downstream.request(1);
  early.upstream.sendNext(2);
  early.downstream.expectNext(1);
  early.upstream.expectNoRequest();
  early.downstream.request(1);
  early.clock.advance(99);
  early.downstream.expectNoMessage();
  early.clock.advance(1);
  early.downstream.expectNext(2);
});

test("a throttle lets a burst pass, then one element for each token", () => {
  const { upstream, downstream, clock, allStopped } = probe(flow.throttle(2, 100, 2));
  downstream.request(9);
  for (const n of [1, 2, 3]) upstream.sendNext(n);
  upstream.expectNoRequest();
  downstream.expectNext(1, 2);
  clock.advance(49);
  downstream.expectNoMessage();
  clock.advance(1);
  downstream.expectNext(3);
  clock.advance(1_000);
  for (const n of [4, 5, 6]) upstream.sendNext(n);
  downstream.expectNext(4, 5);
  upstream.sendComplete();
  downstream.expectNoMessage();
  clock.advance(50);
  downstream.expectNext(6);
  downstream.expectComplete();
  allStopped();
});

test("a throttle without a burst makes the first element wait too, and weighs", () => {
  const weighing = flow.throttle(1, 10, 0, { weigh: (n) => n });
  const { upstream, downstream, clock } = probe(weighing);
  downstream.request(9);
  upstream.sendNext(3);
  clock.advance(29);
  downstream.expectNoMessage();
  clock.advance(1);
  downstream.expectNext(3);
  upstream.sendNext(0);
  downstream.expectNext(0);
});

test("a throttle without a burst of its own lets pass at once what passes in 100 ms", () => {
  const { upstream, downstream } = probe(flow.throttle(3, 150));
  downstream.request(9);
  for (const n of [1, 2, 3]) upstream.sendNext(n);
  downstream.expectNext(1, 2);
  downstream.expectNoMessage();
});

test("an enforcing throttle fails at the first element that is too early", () => {
  const { upstream, downstream, clock, allStopped } = probe(flow.throttle(1, 100, 1, { mode: "enforcing" }));
  downstream.request(9);
  upstream.sendNext(1);
  clock.advance(100);
  upstream.sendNext(2);
  downstream.expectNext(1, 2);
  clock.advance(99);
  upstream.sendNext(3);
  expect(downstream.expectError()).toMatchObject({ code: "RATE_LIMIT" });
  allStopped();
});

test("tokens come one by one, up to the capacity, and those owed come first", () => {
  const bucket = new TokenBucket(2, 10, 0);
  expect(bucket.take(2, 0)).toBe(0);
  expect(bucket.take(1, 4)).toBe(6);
  expect(bucket.take(1, 10)).toBe(10);
  expect(bucket.take(2, 1_000)).toBe(0);
  expect(bucket.take(1, 1_000)).toBe(10);
});

test("groupedWeightedWithin emits by weight, number and time, and takes one that does not fit ahead", () => {
  const limits = { weightMax: 5, intervalMs: 100, weigh: (n: number) => n, countMax: 3 };
  const { upstream, downstream, clock, allStopped } = probe(flow.groupedWeightedWithin(limits));
  upstream.sendNext(3);
  upstream.sendNext(4);
  upstream.expectNoRequest();
  downstream.request(9);
  downstream.expectNext([3]);
  upstream.sendNext(1);
  downstream.expectNext([4, 1]);
  upstream.sendNext(9);
  downstream.expectNext([9]);
  for (const n of [0, 0, 0]) upstream.sendNext(n);
  downstream.expectNext([0, 0, 0]);
  upstream.sendNext(1);
  clock.advance(99);
  downstream.expectNoMessage();
  clock.advance(1);
  downstream.expectNext([1]);
  clock.advance(500);
  downstream.expectNoMessage();
  upstream.sendNext(-1);
  expect(downstream.expectError()).toMatchObject({ code: "VALUE_INVALID" });
  allStopped();
});
