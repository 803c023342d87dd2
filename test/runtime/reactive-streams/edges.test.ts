import { expect, test } from "vitest";
import { ActorSystem } from "../../../runtime/actors/actor-system.ts";
import { virtualClock } from "../../../runtime/clock/virtual-clock.ts";
import { assertAllStopped } from "../../../runtime/streams/probes/assert-all-stopped.ts";
import { TestSink } from "../../../runtime/streams/probes/test-sink.ts";
import { TestSource } from "../../../runtime/streams/probes/test-source.ts";
import type { Publisher, Subscriber, Subscription } from "../../../runtime/streams/publisher.ts";
import { Sink } from "../../../runtime/streams/sink.ts";
import { Source } from "../../../runtime/streams/source.ts";
import { Recording } from "./recording.ts";
import { violationsOf } from "./rules.ts";
import { ScriptedPublisher, ScriptedSubscriber } from "./scripted-ends.ts";

const broken = new Error("broken on purpose");

function start() {
  const clock = virtualClock();
  return { clock, system: new ActorSystem({ clock }) };
}

function recordedRun(source: Source<unknown, unknown>, fanout = false) {
  const { clock, system } = start();
  const recording = new Recording();
  const publisher = recording.between(source.runWith(Sink.asPublisher<unknown>(fanout), system));
  const join = () => {
    const subscriber = new ScriptedSubscriber("later");
    publisher.subscribe(subscriber);
    clock.runSoon();
    return subscriber;
  };
  return { clock, system, recording, publisher, join };
}

test("a million elements with request(1) inside onNext need no deeper stack than one", () => {
  const { clock, system } = start();
  const depths = new Set<number>();
  let received = 0;
  let depth = 0;
  let subscription: Subscription | undefined;
  const publisher = Source.range(1, 1_000_000).runWith(Sink.asPublisher<number>(), system);
  publisher.subscribe({
    onSubscribe: (given) => {
      subscription = given;
      given.request(1);
    },
    onNext: () => {
      depth += 1;
      depths.add(depth);
      received += 1;
      subscription?.request(1);
      depth -= 1;
    },
    onError: (error) => expect.unreachable(error.message),
    onComplete: () => {},
  });
  clock.runSoon();
  assertAllStopped(system);
  expect(received).toBe(1_000_000);
  expect([...depths]).toEqual([1]);
});

test("a publisher that answers each request at once fills a stream of a million with bounded stack", async () => {
  const { clock, system } = start();
  const publisher = new ScriptedPublisher((run) => run(), 1_000_000);
  publisher.supply(1_000_000);
  publisher.end("completed");
  const count = Source.fromPublisher(publisher).runWith(
    Sink.fold(0, (sum: number) => sum + 1),
    system,
  );
  await clock.settle();
  expect(await count).toBe(1_000_000);
});

test("a publisher sends what is there as far as it is asked for, and then its end", () => {
  const { clock, recording, join } = recordedRun(Source.from([1, 2, 3]));
  const subscriber = join();
  subscriber.request(2);
  clock.runSoon();
  expect(subscriber.received).toEqual([1, 2]);
  expect(violationsOf(recording, { available: 3, end: "open" })).toEqual([]);
  subscriber.request(Number.MAX_SAFE_INTEGER);
  subscriber.request(Number.MAX_SAFE_INTEGER);
  clock.runSoon();
  expect(subscriber.received).toEqual([1, 2, 3]);
  expect(subscriber.end).toBe("completed");
  expect(violationsOf(recording, { available: 3, end: "completed" })).toEqual([]);
});

test("a publisher hands on a failure and an empty end without being asked", () => {
  for (const [source, end, told] of [
    [Source.failed(broken), "failed", broken],
    [Source.empty(), "completed", "completed"],
  ] as const) {
    const { recording, join, clock } = recordedRun(source);
    expect(join().end).toBe(told);
    expect(violationsOf(recording, { available: 0, end })).toEqual([]);
    // Who comes later is told too, unless another has been there.
    clock.runSoon();
    expect(join().end).toBeInstanceOf(Error);
  }
});

test("a publisher without fan-out rejects a second subscriber, after onSubscribe, and serves the first", () => {
  const { clock, recording, join } = recordedRun(Source.from([1, 2]));
  const [first, second] = [join(), join()];
  first.request(3);
  clock.runSoon();
  expect(first.received).toEqual([1, 2]);
  expect(String(second.end)).toContain("Cannot subscribe as the publisher serves at most 1: it is one more");
  expect(violationsOf(recording)).toEqual([]);
});

test("subscribers of a fan-out see the same elements at the pace of the slowest, and end it when the last has left", () => {
  const { clock, system, recording, join } = recordedRun(Source.range(1, 10), true);
  const [slow, fast] = [join(), join()];
  fast.request(5);
  slow.request(2);
  clock.runSoon();
  expect(fast.received).toEqual([1, 2]);
  expect(slow.received).toEqual([1, 2]);
  slow.cancel();
  clock.runSoon();
  expect(fast.received).toEqual([1, 2, 3, 4, 5]);
  fast.cancel();
  assertAllStopped(system);
  expect(violationsOf(recording)).toEqual([]);
});

test("a fan-out serves 1024 subscribers and rejects one more", () => {
  const { join } = recordedRun(Source.never(), true);
  for (let count = 1; count <= 1_024; count += 1) expect(join().end).toBe("open");
  expect(join().end).toBeInstanceOf(Error);
});

test.each<[string, Partial<Subscriber<unknown>>]>([
  ["onSubscribe", { onSubscribe: fail }],
  ["onNext", { onNext: fail }],
])("a subscriber that throws in %s is taken for cancelled, and the run tells why", async (_name, part) => {
  const { clock, system } = start();
  const running = Source.repeat(1)
    .toMat(Sink.asPublisher<number>(), (_, right) => right)
    .runWatched(system);
  const told = expect(running.done).rejects.toThrow("broken on purpose");
  running.materialized.subscribe({
    onSubscribe: (subscription) => subscription.request(1),
    onNext: () => {},
    onError: () => expect.unreachable("it is cancelled"),
    onComplete: () => expect.unreachable("it is cancelled"),
    ...part,
  });
  await clock.settle();
  await told;
  assertAllStopped(system);
});

test.each([0, -1, 1.5, Number.NaN])(
  "a request of %d elements fails the subscription and nothing else throws",
  (count) => {
    const { clock, system, recording, join } = recordedRun(Source.never());
    const subscriber = join();
    subscriber.request(count);
    clock.runSoon();
    expect(String(subscriber.end)).toContain(`must be a whole number >= 1: it is ${count}`);
    expect(violationsOf(recording)).toEqual([]);
    assertAllStopped(system);
  },
);

test("a publisher wants a subscriber", () => {
  const publisher = Source.never().runWith(Sink.asPublisher<unknown>(), start().system);
  for (const nobody of [null, undefined]) expect(() => publisher.subscribe(nobody as never)).toThrow();
});

test("a stream that is stopped tells its subscriber", () => {
  const { clock, system } = start();
  const running = Source.never()
    .toMat(Sink.asPublisher<unknown>(), (_, right) => right)
    .runWatched(system);
  const subscriber = new ScriptedSubscriber("later");
  running.materialized.subscribe(subscriber);
  running.stop();
  clock.runSoon();
  expect(subscriber.end).toBeInstanceOf(Error);
  assertAllStopped(system);
});

function fail(): never {
  throw broken;
}

/** A run fed by hand, whatever the protocol says. */
function fedByHand(publisher: Publisher<number>) {
  const { clock, system } = start();
  let subscriber: Subscriber<number> | undefined;
  const tapped: Publisher<number> = {
    subscribe: (given) => {
      subscriber = given;
      publisher.subscribe(given);
    },
  };
  const downstream = Source.fromPublisher(tapped).runWith(TestSink.probe<number>(), system);
  clock.runSoon();
  if (subscriber === undefined) throw new Error("it subscribes at the start");
  return { clock, system, downstream, subscriber };
}

const silent: Subscription = { request: () => {}, cancel: () => {} };
const welcoming: Publisher<number> = { subscribe: (subscriber) => subscriber.onSubscribe(silent) };

test("fromPublisher asks for 16 elements, then for 8 more whenever 8 have gone on", () => {
  const counts: number[] = [];
  const { subscriber, downstream } = fedByHand({
    subscribe: (given) => given.onSubscribe({ ...silent, request: (count) => counts.push(count) }),
  });
  for (let n = 1; n <= 16; n += 1) subscriber.onNext(n);
  downstream.request(7);
  downstream.expectNext(1, 2, 3, 4, 5, 6, 7);
  expect(counts).toEqual([16]);
  downstream.requestNext(8);
  expect(counts).toEqual([16, 8]);
});

test("fromPublisher fails where a publisher sends more than was requested, and cancels it", () => {
  let cancels = 0;
  const { subscriber, downstream, system } = fedByHand({
    subscribe: (given) => given.onSubscribe({ ...silent, cancel: () => (cancels += 1) }),
  });
  for (let n = 1; n <= 17; n += 1) subscriber.onNext(n);
  expect(downstream.expectError().message).toContain("it must have been requested");
  expect(cancels).toBe(1);
  assertAllStopped(system);
});

test("fromPublisher fails where an element comes before the subscription", () => {
  const { downstream } = fedByHand({ subscribe: (subscriber) => subscriber.onNext(1) });
  downstream.expectError();
});

test("fromPublisher cancels a second subscription and keeps the first", () => {
  let cancels = 0;
  const { subscriber, downstream } = fedByHand(welcoming);
  subscriber.onSubscribe({ ...silent, cancel: () => (cancels += 1) });
  expect(cancels).toBe(1);
  subscriber.onNext(1);
  downstream.requestNext(1);
});

test("fromPublisher throws where an element, an error or a subscription is missing", () => {
  const { subscriber } = fedByHand(welcoming);
  for (const nothing of [null, undefined]) {
    expect(() => subscriber.onNext(nothing as never)).toThrow();
    expect(() => subscriber.onError(nothing as never)).toThrow();
    expect(() => subscriber.onSubscribe(nothing as never)).toThrow();
  }
});

test("fromPublisher drops what comes after it was cancelled, and cancels a subscription that comes late", () => {
  let cancels = 0;
  const { subscriber, downstream, system } = fedByHand({ subscribe: () => {} });
  downstream.cancel();
  assertAllStopped(system);
  subscriber.onSubscribe({ ...silent, cancel: () => (cancels += 1) });
  subscriber.onNext(1);
  subscriber.onComplete();
  expect(cancels).toBe(1);
});

test("an error overtakes what fromPublisher holds, the end does not", () => {
  const failing = fedByHand(welcoming);
  failing.subscriber.onNext(1);
  failing.subscriber.onError(broken);
  failing.downstream.expectError(broken);
  const ending = fedByHand(welcoming);
  ending.subscriber.onNext(1);
  ending.subscriber.onComplete();
  ending.downstream.requestNext(1);
  ending.downstream.expectComplete();
});

test("two streams joined by a publisher are one: demand, elements and cancellation cross", () => {
  const { clock, system } = start();
  const [upstream, publisher] = TestSource.probe<number>()
    .toMat(Sink.asPublisher<number>(), (left, right) => [left, right] as const)
    .run(system);
  const downstream = Source.fromPublisher(publisher).runWith(TestSink.probe<number>(), system);
  clock.runSoon();
  upstream.sendNext(1);
  downstream.requestNext(1);
  downstream.cancel();
  upstream.expectCancellation();
  assertAllStopped(system);
});
