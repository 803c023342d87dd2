import { expect, test } from "vitest";
import { ActorSystem } from "../../../runtime/actors/actor-system.ts";
import { virtualClock } from "../../../runtime/clock/virtual-clock.ts";
import type { PooledSettings } from "../../../runtime/streams/operators/pooled.ts";
import { assertAllStopped } from "../../../runtime/streams/probes/assert-all-stopped.ts";
import { TestSink } from "../../../runtime/streams/probes/test-sink.ts";
import { Sink } from "../../../runtime/streams/sink.ts";
import { Source } from "../../../runtime/streams/source.ts";
import { move } from "../../../runtime/workers/transfer.ts";
import { threadArguments } from "../workers/thread-arguments.ts";
import { turnUntil } from "../workers/turn-until.ts";

const kernels = new URL("../workers/kernels.ts", import.meta.url);
const workers = { threads: 2, execArgv: threadArguments };

function start() {
  const clock = virtualClock();
  const system = new ActorSystem({ clock });
  const collect = <In, Out>(
    elements: readonly In[],
    exportName: string,
    settings: Partial<PooledSettings>,
    decider?: () => "resume",
  ) => {
    const flow = Source.from(elements).pooled<Out>(kernels, exportName, { parallelism: 2, workers, ...settings });
    const supervised = decider === undefined ? flow : flow.withSupervision(decider);
    return turnUntil(clock, supervised.runWith(Sink.collect<Out>(), system));
  };
  const end = async () => {
    await turnUntil(clock, system.terminate());
    expect(system.resources.size).toBe(0);
    assertAllStopped(system);
  };
  return { clock, system, collect, end };
}

test("pooled gives results in the order of the elements, and makes no thread where there is none", async () => {
  const { system, collect, end } = start();
  expect(await collect([], "double", {})).toEqual([]);
  expect(await collect([1], "double", {})).toEqual([2]);
  const many = Array.from({ length: 100 }, (_, index) => index);
  expect(await collect(many, "double", { parallelism: 8 })).toEqual(many.map((element) => element * 2));
  expect(system.resources.size).toBe(1);
  await end();
});

test("pooled waits for the first result where order counts, else emits as they come", async () => {
  const { clock, system, collect, end } = start();
  const gates = () => {
    const flags = new SharedArrayBuffer(12);
    return [
      { flags, own: 0, waitsFor: 1 },
      { flags, own: 2, waitsFor: -1 },
    ];
  };
  const [first, second] = gates();
  expect(await collect([first, { ...second, own: 1 }], "gate", { ordered: true })).toEqual([0, 1]);
  const [late, early] = gates();
  const results = Source.from([late, early])
    .pooled<number>(kernels, "gate", { parallelism: 2, ordered: false, workers })
    .map((own) => {
      // Only what is emitted lets the other go.
      const cells = new Int32Array(early?.flags ?? new SharedArrayBuffer(12));
      Atomics.store(cells, 1, 1);
      Atomics.notify(cells, 1);
      return own;
    })
    .runWith(Sink.collect<number>(), system);
  expect(await turnUntil(clock, results)).toEqual([2, 0]);
  await end();
});

test("pooled has at most parallelism elements under way or waiting for downstream", async () => {
  for (const ordered of [true, false]) {
    const { clock, system, end } = start();
    let taken = 0;
    const downstream = Source.from([1, 2, 3, 4, 5, 6])
      .map((element) => {
        taken += 1;
        return element;
      })
      .pooled<number>(kernels, "double", { parallelism: 3, ordered, workers: { ...workers, threads: 1 } })
      .runWith(TestSink.probe<number>(), system);
    clock.runSoon();
    expect(taken).toBe(3);
    downstream.request(1);
    await turnUntil(clock, () => taken === 4);
    downstream.expectNext(2);
    downstream.cancel();
    await end();
  }
});

test("pooled moves columns that say so, there and back", async () => {
  const { collect, end } = start();
  const columns = { values: new Float64Array([1, 2, 3]) };
  expect(await collect([move(columns)], "moveBack", {})).toEqual([{ values: new Float64Array([42, 2, 3]) }]);
  expect(columns.values.length).toBe(0);
  const copied = { values: new Float64Array([1]) };
  await collect([copied], "moveBack", {});
  expect(copied.values.length).toBe(1);
  await end();
});

test("a task that throws or ends its thread fails alone where the decider resumes, and the pool goes on", async () => {
  const { collect, end } = start();
  expect(await collect([1, 2, 3, 5], "faulty", { parallelism: 4 }, () => "resume")).toEqual([1, 5]);
  await expect(collect([1, 2], "faulty", {})).rejects.toMatchObject({ code: "WORKER_FAILED" });
  await expect(collect([3], "faulty", {})).rejects.toThrow(
    'Cannot run "faulty" in a worker as it must return: it is "thrown on purpose"',
  );
  await expect(collect([1], "nowhere", {})).rejects.toMatchObject({ code: "WORKER_FAILED" });
  expect(await collect([7], "faulty", {})).toEqual([7]);
  await end();
});

test("a deadline ends a task that never returns, and only that one", async () => {
  const { clock, system, end } = start();
  const flags = new SharedArrayBuffer(4);
  const settings = { parallelism: 1, workers, deadlineMs: 100 };
  const late = Source.single(flags).pooled<never>(kernels, "hang", settings).runWith(Sink.ignore(), system);
  const other = Source.single(21)
    .pooled<number>(kernels, "double", { parallelism: 1, workers })
    .runWith(Sink.head<number>(), system);
  await turnUntil(clock, () => Atomics.load(new Int32Array(flags), 0) === 1);
  clock.advance(99);
  expect(clock.pendingTimers).toBe(1);
  clock.advance(1);
  await expect(turnUntil(clock, late)).rejects.toMatchObject({ code: "WORKER_FAILED", retryable: true });
  expect(await turnUntil(clock, other)).toBe(42);
  await end();
});

test("cancelling aborts what is under way", async () => {
  const { clock, system, end } = start();
  const flags = new SharedArrayBuffer(4);
  const one = { ...workers, threads: 1 };
  const downstream = Source.single(flags)
    .pooled<never>(kernels, "hang", { parallelism: 1, workers: one })
    .runWith(TestSink.probe<never>(), system);
  await turnUntil(clock, () => Atomics.load(new Int32Array(flags), 0) === 1);
  downstream.cancel();
  assertAllStopped(system);
  const next = Source.single(1)
    .pooled<number>(kernels, "double", { parallelism: 1, workers: one })
    .runWith(Sink.head<number>(), system);
  expect(await turnUntil(clock, next)).toBe(2);
  await end();
});

test("more tasks than the pool lets wait fail with BUFFER_FULL", async () => {
  const { collect, end } = start();
  const flags = new SharedArrayBuffer(8);
  const stuck = { flags, own: 0, waitsFor: 1 };
  const narrow = { ...workers, threads: 1, queueMax: 1 };
  await expect(collect([stuck, stuck, stuck], "gate", { parallelism: 3, workers: narrow })).rejects.toMatchObject({
    code: "BUFFER_FULL",
    retryable: true,
  });
  await end();
});
