import { Readable } from "node:stream";
import { ReadableStream } from "node:stream/web";
import { expect, test } from "vitest";
import { assertAllStopped } from "../../../../runtime/streams/probes/assert-all-stopped.ts";
import { TestSink } from "../../../../runtime/streams/probes/test-sink.ts";
import { TestSource } from "../../../../runtime/streams/probes/test-source.ts";
import { Source } from "../../../../runtime/streams/source.ts";
import { broken, elementsOf, start } from "../started.ts";

test.each<[string, Source<number>, number[]]>([
  ["repeat", Source.repeat(1).take(3), [1, 1, 1]],
  ["cycle", Source.cycle(() => [1, 2]).take(5), [1, 2, 1, 2, 1]],
  ["range up", Source.range(1, 4), [1, 2, 3, 4]],
  ["range by steps", Source.range(1, 4, 2), [1, 3]],
  ["range down", Source.range(3, 1, -1), [3, 2, 1]],
  ["range of nothing", Source.range(1, 0), []],
  ["unfold", Source.unfold(1, (n) => (n > 8 ? undefined : [n * 2, n])), [1, 2, 4, 8]],
  ["unfoldAsync", Source.unfoldAsync(1, async (n) => (n > 2 ? undefined : [n + 1, n])), [1, 2]],
  ["lazy", Source.lazy(() => Source.from([1, 2])), [1, 2]],
])("%s gives its elements, twice from one blueprint", async (_name, source, elements) => {
  expect(await elementsOf(source)).toEqual(elements);
  expect(await elementsOf(source)).toEqual(elements);
});

const fail = () => {
  throw broken;
};

test.each<[string, Source<number>]>([
  ["cycle", Source.cycle<number>(fail)],
  ["unfold", Source.unfold(1, fail)],
  ["unfoldAsync that throws", Source.unfoldAsync(1, fail)],
  ["unfoldAsync that rejects", Source.unfoldAsync(1, () => Promise.reject(broken))],
  [
    "unfoldResource that cannot open",
    Source.unfoldResource(
      fail,
      () => 1,
      () => {},
    ),
  ],
  [
    "unfoldResource that cannot read",
    Source.unfoldResource(
      () => 1,
      fail,
      () => {},
    ),
  ],
  [
    "unfoldResource that cannot close",
    Source.unfoldResource<number, number>(
      () => 1,
      () => undefined,
      fail,
    ),
  ],
  ["lazy that throws", Source.lazy<number>(fail)],
  ["lazy that fails", Source.lazy(() => Source.failed<number>(broken))],
])("%s fails where its function does", async (_name, source) => {
  await expect(elementsOf(source)).rejects.toBe(broken);
});

test("cycle of an empty iterable fails", async () => {
  await expect(elementsOf(Source.cycle<number>(() => []))).rejects.toMatchObject({ code: "STAGE_FAILED" });
});

test.each<[string, (source: Source<number>) => Source<number>, number[]]>([
  ["completes", (source) => source, [1, 2]],
  ["is cancelled", (source) => source.take(1), [1]],
])("unfoldResource closes once when it %s", async (_name, end, elements) => {
  const calls: string[] = [];
  const source = Source.unfoldResource(
    () => {
      calls.push("open");
      return [1, 2];
    },
    (rows) => rows.shift(),
    () => calls.push("close"),
  );
  expect(await elementsOf(end(source))).toEqual(elements);
  expect(calls).toEqual(["open", "close"]);
});

test("lazy makes nothing before the first demand, and hands a cancellation on", () => {
  const { clock, system } = start();
  let made = 0;
  const run = () => {
    const probe = Source.lazy(() => {
      made += 1;
      return TestSource.probe<number>();
    }).runWith(TestSink.probe<number>(), system);
    clock.runSoon();
    return probe;
  };
  run().cancel();
  expect(made).toBe(0);
  const asking = run();
  asking.request(1);
  expect(made).toBe(1);
  asking.cancel();
  assertAllStopped(system);
});

test("fromReadable reads streams of Node and of the web", async () => {
  expect(await elementsOf(Source.fromReadable<number>(Readable.from([1, 2, 3])))).toEqual([1, 2, 3]);
  const web: ReadableStream<number> = ReadableStream.from([1, 2, 3]);
  expect(await elementsOf(Source.fromReadable(web))).toEqual([1, 2, 3]);
});

test("fromReadable fails with the stream", async () => {
  const failing = new Readable({ read: (): void => void failing.destroy(broken) });
  await expect(elementsOf(Source.fromReadable(failing))).rejects.toBe(broken);
  const web = new ReadableStream<number>({ pull: (controller) => controller.error(broken) });
  await expect(elementsOf(Source.fromReadable(web))).rejects.toBe(broken);
});

test("fromReadable closes the stream when downstream cancels, though a read waits", async () => {
  const { clock, system } = start();
  const silent = new Readable({ read: () => {} });
  let cancelled = false;
  const web = new ReadableStream<number>({
    cancel: () => {
      cancelled = true;
    },
  });
  for (const readable of [silent, web]) {
    const probe = Source.fromReadable(readable).runWith(TestSink.probe<unknown>(), system);
    probe.request(1);
    await clock.settle();
    probe.cancel();
  }
  await clock.settle();
  expect(silent.destroyed).toBe(true);
  expect(cancelled).toBe(true);
  assertAllStopped(system);
});
