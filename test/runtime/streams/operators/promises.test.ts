import fc from "fast-check";
import { expect, test } from "vitest";
import { Flow } from "../../../../runtime/streams/flow.ts";
import { assertAllStopped } from "../../../../runtime/streams/probes/assert-all-stopped.ts";
import { Sink } from "../../../../runtime/streams/sink.ts";
import { Source } from "../../../../runtime/streams/source.ts";
import { broken, probe, start } from "./probed-flow.ts";

const flow = Flow.of<number>();

/** A function whose promises the test settles. */
function deferred() {
  const settle = new Map<number, { resolve(value: number): void; reject(error: Error): void }>();
  const change = (n: number) => new Promise<number>((resolve, reject) => settle.set(n, { resolve, reject }));
  return { change, calls: () => [...settle.keys()], resolve: (n: number) => settle.get(n)?.resolve(n), settle };
}

test("mapAsyncUnordered emits results as they come, and holds them against its parallelism", async () => {
  const { change, resolve } = deferred();
  const { upstream, downstream, clock, allStopped } = probe(flow.mapAsyncUnordered(2, change));
  downstream.request(1);
  upstream.sendNext(1);
  upstream.sendNext(2);
  upstream.expectNoRequest();
  resolve(2);
  await clock.settle();
  downstream.expectNext(2);
  upstream.expectRequest();
  upstream.sendNext(3);
  resolve(3);
  await clock.settle();
  upstream.expectNoRequest();
  upstream.sendComplete();
  downstream.requestNext(3);
  downstream.expectNoMessage();
  resolve(1);
  await clock.settle();
  downstream.requestNext(1);
  downstream.expectComplete();
  allStopped();
});

test("mapAsyncPartitioned begins an element only after the one before it of its key, and keeps the order of all", async () => {
  const { change, calls, resolve } = deferred();
  const { upstream, downstream, clock, allStopped } = probe(flow.mapAsyncPartitioned(4, (n) => n % 2, change));
  downstream.request(9);
  for (const n of [1, 3, 2, 5]) upstream.sendNext(n);
  upstream.expectNoRequest();
  expect(calls()).toEqual([1, 2]);
  resolve(2);
  await clock.settle();
  downstream.expectNoMessage();
  expect(calls()).toEqual([1, 2]);
  resolve(1);
  await clock.settle();
  downstream.expectNext(1);
  expect(calls()).toEqual([1, 2, 3]);
  upstream.sendComplete();
  resolve(3);
  await clock.settle();
  downstream.expectNext(3, 2);
  resolve(5);
  await clock.settle();
  downstream.expectNext(5);
  downstream.expectComplete();
  allStopped();
});

test("scanAsync has one sum under way, and emits the last one before it completes", async () => {
  const { change, resolve } = deferred();
  const { upstream, downstream, clock, allStopped } = probe(flow.scanAsync(0, (_sum, n) => change(n)));
  downstream.request(9);
  downstream.expectNext(0);
  upstream.sendNext(1);
  upstream.expectNoRequest();
  upstream.sendComplete();
  downstream.expectNoMessage();
  resolve(1);
  await clock.settle();
  downstream.expectNext(1);
  downstream.expectComplete();
  allStopped();
});

test.each([
  ["mapAsyncUnordered", (change: (n: number) => Promise<number>) => flow.mapAsyncUnordered(2, change)],
  ["mapAsyncPartitioned", (change: (n: number) => Promise<number>) => flow.mapAsyncPartitioned(2, (n) => n, change)],
])("%s fails as soon as any promise rejects, and takes no notice of the others", async (_name, make) => {
  const { change, resolve, settle } = deferred();
  const { upstream, downstream, clock, allStopped } = probe(make(change));
  downstream.request(2);
  upstream.sendNext(1);
  upstream.sendNext(2);
  settle.get(2)?.reject(broken);
  await clock.settle();
  downstream.expectError(broken);
  expect(upstream.expectCancellation()).toBe(broken);
  resolve(1);
  await clock.settle();
  allStopped();
});

test("whatever the order of the results, order holds for each key, and no more are under way than may be", async () => {
  const inputs = fc.array(fc.nat(20), { maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(
      inputs,
      fc.integer({ min: 1, max: 6 }),
      fc.scheduler(),
      async (elements, parallelism, scheduler) => {
        const { clock, system } = start();
        const running = new Map<number, number>();
        let most = 0;
        const change = async (n: number, key: number) => {
          running.set(key, (running.get(key) ?? 0) + 1);
          expect(running.get(key)).toBe(1);
          most = Math.max(most, running.size);
          await scheduler.schedule(Promise.resolve());
          running.delete(key);
          return n;
        };
        const ordered = Source.from(elements)
          .mapAsyncPartitioned(parallelism, (n) => n % 3, change)
          .runWith(Sink.collect<number>(), system);
        const unordered = Source.from(elements)
          .mapAsyncUnordered(parallelism, async (n) => {
            await scheduler.schedule(Promise.resolve());
            return n;
          })
          .runWith(Sink.collect<number>(), system);
        await clock.settle();
        while (scheduler.count() > 0) {
          await scheduler.waitOne();
          await clock.settle();
        }
        expect(await ordered).toEqual(elements);
        expect((await unordered).toSorted((a, b) => a - b)).toEqual(elements.toSorted((a, b) => a - b));
        expect(most).toBeLessThanOrEqual(parallelism);
        assertAllStopped(system);
      },
    ),
    { numRuns: 30 },
  );
});
