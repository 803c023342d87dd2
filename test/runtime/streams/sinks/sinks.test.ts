import { expect, test } from "vitest";
import { Keep } from "../../../../runtime/streams/keep.ts";
import { assertAllStopped } from "../../../../runtime/streams/probes/assert-all-stopped.ts";
import { TestSink, type TestSubscriber } from "../../../../runtime/streams/probes/test-sink.ts";
import { TestSource } from "../../../../runtime/streams/probes/test-source.ts";
import { Sink } from "../../../../runtime/streams/sink.ts";
import { Source } from "../../../../runtime/streams/source.ts";
import { broken, start } from "../started.ts";

function probe<M>(sink: Sink<number, M>) {
  const { clock, system } = start();
  const running = TestSource.probe<number>().toMat(sink, Keep.both).runWatched(system);
  clock.runSoon();
  const [up, materialized] = running.materialized;
  return { clock, system, up, materialized, running };
}

type Promising = Sink<number, Promise<number | undefined>>;

test.each<[string, Promising, number | undefined]>([
  ["headOption", Sink.headOption<number>(), 1],
  ["last", Sink.last<number>(), 3],
  ["lastOption", Sink.lastOption<number>(), 3],
  ["reduce", Sink.reduce<number>((a, b) => a + b), 6],
])("%s of 1, 2, 3, and its failures", async (_name, sink, given) => {
  const { clock, system } = start();
  const result = Source.from([1, 2, 3]).runWith(sink, system);
  await clock.settle();
  expect(await result).toBe(given);
  const failing = Source.failed<number>(broken).runWith(sink, system);
  await clock.settle();
  await expect(failing).rejects.toBe(broken);
  const stopped = probe(sink);
  stopped.running.stop();
  stopped.clock.runSoon();
  await expect(stopped.materialized).rejects.toMatchObject({ code: "STREAM_STOPPED" });
  assertAllStopped(system);
});

test.each<[string, Promising, boolean]>([
  ["headOption", Sink.headOption<number>(), true],
  ["lastOption", Sink.lastOption<number>(), true],
  ["last", Sink.last<number>(), false],
  ["reduce", Sink.reduce<number>((a, b) => a + b), false],
])("%s of an empty stream", async (_name, sink, resolves) => {
  const { clock, system } = start();
  const result = Source.empty<number>().runWith(sink, system);
  await clock.settle();
  if (resolves) expect(await result).toBeUndefined();
  else await expect(result).rejects.toMatchObject({ code: "STREAM_STOPPED" });
});

test("reduce fails where its function throws", async () => {
  const { up, materialized } = probe(
    Sink.reduce<number>(() => {
      throw broken;
    }),
  );
  up.sendNext(1);
  up.sendNext(2);
  expect(up.expectCancellation()).toBe(broken);
  await expect(materialized).rejects.toBe(broken);
});

test("foreachAsync holds up to its parallelism, and waits for the last", async () => {
  const waiting: (() => void)[] = [];
  const { clock, up, materialized, system } = probe(
    Sink.foreachAsync<number>(2, () => new Promise((resolve) => waiting.push(resolve))),
  );
  up.sendNext(1);
  up.sendNext(2);
  up.expectNoRequest();
  waiting[0]?.();
  await clock.settle();
  up.expectRequest();
  up.sendComplete();
  waiting[1]?.();
  await clock.settle();
  await materialized;
  assertAllStopped(system);
});

test("onComplete tells how the stream ended, once", () => {
  const ends: (Error | undefined)[] = [];
  const sink = Sink.onComplete<number>((error) => ends.push(error));
  const completing = probe(sink);
  completing.up.sendNext(1);
  completing.up.sendComplete();
  probe(sink).up.sendError(broken);
  const stopped = probe(sink);
  stopped.running.stop();
  stopped.clock.runSoon();
  expect(ends).toEqual([undefined, broken, expect.objectContaining({ code: "STREAM_STOPPED" })]);
});

test("asObservable waits for a subscriber, tells all of the moment, and cancels with the last", () => {
  const { clock, up, materialized, system } = probe(Sink.asObservable<number>());
  up.expectNoRequest();
  const seen: string[] = [];
  const first = materialized.subscribe((n) => seen.push(`a${n}`));
  up.sendNext(1);
  const second = materialized.subscribe((n) => seen.push(`b${n}`));
  up.sendNext(2);
  first.unsubscribe();
  up.sendNext(3);
  expect(seen).toEqual(["a1", "a2", "b2", "b3"]);
  second.unsubscribe();
  clock.runSoon();
  up.expectCancellation();
  assertAllStopped(system);
});

test("asObservable hands on completion and failure, also to those who come later", () => {
  for (const error of [undefined, broken]) {
    const { clock, up, materialized } = probe(Sink.asObservable<number>());
    const ends: unknown[] = [];
    const observer = { error: (reason: unknown) => ends.push(reason), complete: () => ends.push("completed") };
    materialized.subscribe(observer);
    clock.runSoon();
    if (error === undefined) up.sendComplete();
    else up.sendError(error);
    materialized.subscribe(observer);
    expect(ends).toEqual(error === undefined ? ["completed", "completed"] : [broken, broken]);
  }
});

test("toReadable is read by Node, holds up to its bound, and ends with the stream", async () => {
  const { clock, system } = start();
  const readable = Source.from([1, 2, 3]).runWith(Sink.toReadable<number>(1), system);
  const seen: unknown[] = [];
  readable.on("data", (element) => seen.push(element));
  await clock.settle();
  expect(seen).toEqual([1, 2, 3]);
  expect(readable.readableEnded).toBe(true);
  assertAllStopped(system);
});

test("toReadable backpressures, cancels when destroyed, and fails with the stream", async () => {
  const { clock, up, materialized, system } = probe(Sink.toReadable<number>(2));
  up.expectNoRequest();
  materialized.read(0);
  up.sendNext(1);
  up.sendNext(2);
  up.expectNoRequest();
  expect(materialized.read()).toBe(1);
  await clock.settle();
  up.expectRequest();
  materialized.destroy();
  await clock.settle();
  up.expectCancellation();
  assertAllStopped(system);
  const failing = probe(Sink.toReadable<number>(2));
  const errors: Error[] = [];
  failing.materialized.on("error", (error) => errors.push(error));
  failing.up.sendError(broken);
  await failing.clock.settle();
  expect(errors).toEqual([broken]);
  assertAllStopped(failing.system);
});

test("lazy makes its sink with the first element, and none for an empty stream", () => {
  const made: TestSubscriber<number>[] = [];
  const sink = Sink.lazy(() =>
    TestSink.probe<number>().mapMaterializedValue((subscriber) => {
      made.push(subscriber);
    }),
  );
  const empty = probe(sink);
  empty.up.sendComplete();
  expect(made.length).toBe(0);
  assertAllStopped(empty.system);
  const { clock, up, system } = probe(sink);
  up.sendNext(1);
  clock.runSoon();
  const inner = made[0] ?? expect.fail("no sink");
  up.expectNoRequest();
  inner.requestNext(1);
  inner.request(1);
  up.sendNext(2);
  inner.expectNext(2);
  up.sendComplete();
  inner.expectComplete();
  assertAllStopped(system);
  const cancelling = probe(sink);
  cancelling.up.sendNext(1);
  cancelling.clock.runSoon();
  made[1]?.cancel(broken);
  expect(cancelling.up.expectCancellation()).toBe(broken);
  assertAllStopped(cancelling.system);
});
