import { expect, test } from "vitest";
import { Flow } from "../../../../runtime/streams/flow.ts";
import { Keep } from "../../../../runtime/streams/keep.ts";
import { TestSink } from "../../../../runtime/streams/probes/test-sink.ts";
import { TestSource } from "../../../../runtime/streams/probes/test-source.ts";
import { assertAllStopped } from "../../../../runtime/streams/probes/assert-all-stopped.ts";
import { Sink } from "../../../../runtime/streams/sink.ts";
import { Source } from "../../../../runtime/streams/source.ts";
import { breaksAt, broken, elementsOf, probe, start } from "./probed-flow.ts";

const flow = Flow.of<number>();

test("takeWhile cancels upstream at the element that ends it", () => {
  const { upstream, downstream, allStopped } = probe(flow.takeWhile((n) => n < 2));
  downstream.request(9);
  upstream.sendNext(1);
  upstream.sendNext(2);
  downstream.expectNext(1);
  downstream.expectComplete();
  expect(upstream.expectCancellation()).toBeUndefined();
  allStopped();
});

test("reduce gives the sum once, also where downstream asks late, and fails without an element", async () => {
  const { upstream, downstream, allStopped } = probe(flow.reduce((a, b) => a + b));
  downstream.request(1);
  for (const n of [1, 2, 3]) upstream.sendNext(n);
  downstream.expectNoMessage();
  upstream.sendComplete();
  downstream.expectNext(6);
  downstream.expectComplete();
  allStopped();
  await expect(elementsOf(Source.empty<number>().reduce((a, b) => a + b))).rejects.toMatchObject({
    code: "STREAM_STOPPED",
  });
});

test("a limit lets as many pass as it says, and fails at one more", () => {
  const { upstream, downstream, allStopped } = probe(flow.limit(2));
  downstream.request(9);
  for (const n of [1, 2]) upstream.sendNext(n);
  downstream.expectNext(1, 2);
  downstream.expectNoMessage();
  upstream.sendNext(3);
  expect(downstream.expectError()).toMatchObject({ code: "SIZE_LIMIT" });
  allStopped();
});

test("a weighted limit counts weights", () => {
  const { upstream, downstream } = probe(flow.limitWeighted(5, (n) => n));
  downstream.request(9);
  for (const n of [2, 3, 0]) upstream.sendNext(n);
  downstream.expectNext(2, 3, 0);
  upstream.sendNext(1);
  expect(downstream.expectError()).toMatchObject({ code: "SIZE_LIMIT" });
});

test("mapError changes a failure, and nothing else", () => {
  const changed = new Error("changed");
  const { upstream, downstream } = probe(flow.mapError(() => changed));
  downstream.request(1);
  upstream.sendNext(1);
  downstream.expectNext(1);
  upstream.sendError(broken);
  downstream.expectError(changed);
});

test("onErrorComplete completes at a failure that it covers, and hands on others", () => {
  const all = probe(flow.onErrorComplete());
  all.upstream.sendError(broken);
  all.downstream.expectComplete();
  all.allStopped();
  const none = probe(flow.onErrorComplete((error) => error !== broken));
  none.upstream.sendError(broken);
  none.downstream.expectError(broken);
});

test("recoverWith goes on with another source as often as it may, then hands the failure on", () => {
  const errors: Error[] = [];
  const later = new Error("later");
  const flaky = Source.from([7, 8]).map((n) => {
    if (n === 8) throw later;
    return n;
  });
  const { upstream, downstream, allStopped } = probe(
    flow.recoverWith(2, (error) => {
      errors.push(error);
      return flaky;
    }),
  );
  downstream.request(9);
  upstream.sendNext(1);
  upstream.sendError(broken);
  downstream.expectNext(1, 7, 7);
  downstream.expectError(later);
  expect(errors).toEqual([broken, later]);
  allStopped();
});

test("recoverWith completes with the source in place, holds it to demand, and cancels it", () => {
  const completed = probe(flow.recoverWith(1, () => Source.from([7, 8])));
  completed.upstream.sendError(broken);
  completed.downstream.requestNext(7);
  completed.downstream.expectNoMessage();
  completed.downstream.requestNext(8);
  completed.downstream.expectComplete();
  completed.allStopped();
  const cancelled = probe(flow.recoverWith(1, () => Source.never<number>()));
  cancelled.downstream.request(1);
  cancelled.upstream.sendError(broken);
  cancelled.downstream.cancel();
  cancelled.allStopped();
});

test("a monitor shows how far a stream is", () => {
  const watch = () => {
    const { clock, system } = start();
    const [[upstream, monitor], downstream] = TestSource.probe<number>()
      .monitor(Keep.both)
      .toMat(TestSink.probe<number>(), Keep.both)
      .run(system);
    clock.runSoon();
    return { upstream, downstream, monitor, system };
  };
  const { upstream, downstream, monitor, system } = watch();
  expect(monitor.state).toEqual({ kind: "initialized" });
  downstream.request(1);
  upstream.sendNext(1);
  expect(monitor.state).toEqual({ kind: "received", element: 1 });
  upstream.sendComplete();
  expect(monitor.state).toEqual({ kind: "finished" });
  assertAllStopped(system);
  const failed = watch();
  failed.upstream.sendError(broken);
  expect(failed.monitor.state).toEqual({ kind: "failed", error: broken });
  const cancelled = watch();
  cancelled.downstream.cancel();
  expect(cancelled.monitor.state).toEqual({ kind: "finished" });
});

test("watchTermination resolves at the end or a cancellation, and rejects with a failure of either side", async () => {
  const watch = () => {
    const { clock, system } = start();
    const running = TestSource.probe<number>()
      .watchTermination(Keep.both)
      .toMat(TestSink.probe<number>(), Keep.both)
      .runWatched(system);
    const [[upstream, ended], downstream] = running.materialized;
    clock.runSoon();
    return { upstream, downstream, ended, running, clock };
  };
  const completed = watch();
  completed.upstream.sendComplete();
  await expect(completed.ended).resolves.toBeUndefined();
  const cancelled = watch();
  cancelled.downstream.cancel();
  await expect(cancelled.ended).resolves.toBeUndefined();
  const failed = watch();
  failed.upstream.sendError(broken);
  await expect(failed.ended).rejects.toBe(broken);
  const cancelledByFailure = watch();
  cancelledByFailure.downstream.cancel(broken);
  await expect(cancelledByFailure.ended).rejects.toBe(broken);
  const stopped = watch();
  stopped.running.stop();
  stopped.clock.runSoon();
  await expect(stopped.ended).rejects.toMatchObject({ code: "STREAM_STOPPED" });
});

test("intersperse puts its end mark after the last element for a downstream that asks late", () => {
  const { upstream, downstream } = probe(flow.intersperse("<", "|", ">"));
  downstream.request(1);
  upstream.sendNext(1);
  downstream.expectNext("<");
  upstream.expectNoRequest();
  upstream.sendComplete();
  downstream.request(1);
  downstream.expectNext(1);
  downstream.expectNoMessage();
  downstream.request(1);
  downstream.expectNext(">");
  downstream.expectComplete();
});

test.each([
  ["recover", (source: Source<number>) => source.recover(() => 0), [0]],
  ["recoverWith", (source: Source<number>) => source.recoverWith(1, () => Source.from([8, 9])), [8, 9]],
  ["onErrorComplete", (source: Source<number>) => source.onErrorComplete(), []],
])("a failure that %s handles does not fail the run, wherever it came from", async (_name, handled, expected) => {
  const threw = breaksAt(1, (n) => n);
  const plain = Source.from([1, 2, 3]).map(threw);
  const later = Source.from([1, 2, 3]).mapAsync(2, async (n) => threw(n));
  for (const source of [plain, plain.async(), later]) {
    for (const fuse of [true, false]) {
      const { clock, system } = start();
      const graph = handled(source).toMat(Sink.collect<number>(), Keep.right);
      const { materialized, done } = graph.runWatched(system, { fuse });
      await clock.settle();
      expect(await materialized).toEqual(expected);
      await done;
      assertAllStopped(system);
    }
  }
});
