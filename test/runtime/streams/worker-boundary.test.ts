import fc from "fast-check";
import { expect, test } from "vitest";
import { ActorSystem } from "../../../runtime/actors/actor-system.ts";
import { virtualClock } from "../../../runtime/clock/virtual-clock.ts";
import { type Log, silentLog } from "../../../runtime/log.ts";
import { Flow } from "../../../runtime/streams/flow.ts";
import { Keep } from "../../../runtime/streams/keep.ts";
import { assertAllStopped } from "../../../runtime/streams/probes/assert-all-stopped.ts";
import { TestSink } from "../../../runtime/streams/probes/test-sink.ts";
import { TestSource } from "../../../runtime/streams/probes/test-source.ts";
import { Sink } from "../../../runtime/streams/sink.ts";
import { Source } from "../../../runtime/streams/source.ts";
import { move } from "../../../runtime/workers/transfer.ts";
import { operators } from "../workers/flows.ts";
import { threadArguments } from "../workers/thread-arguments.ts";
import { turnUntil } from "../workers/turn-until.ts";

const flows = new URL("../workers/flows.ts", import.meta.url);

function start() {
  const clock = virtualClock();
  const errors: string[] = [];
  const log: Log = { ...silentLog, error: (sentence, fields) => void errors.push(`${sentence}: ${fields?.error}`) };
  const system = new ActorSystem({ clock, log: { ...log, child: () => log } });
  /** The thread has ended, and with it the stream. */
  const gone = async () => {
    await turnUntil(clock, () => system.resources.size === 0);
    assertAllStopped(system);
  };
  return { clock, system, gone, errors };
}

function across<In, Out>(exportName: string, argument?: unknown): Flow<In, Out> {
  return Flow.inWorker<In, Out>(flows, exportName, { argument, execArgv: threadArguments });
}

test("a flow runs in another thread: order and completion are kept, and the thread ends", async () => {
  const { clock, system, gone } = start();
  const elements = Array.from({ length: 1_000 }, (_, index) => index);
  const results = Source.from(elements).via(across<number, number>("triple")).runWith(Sink.collect<number>(), system);
  expect(await turnUntil(clock, results)).toEqual(elements.map((element) => element * 3));
  await gone();
});

test("nothing in, nothing out, and a result at the end alone", async () => {
  const { clock, system, gone } = start();
  const none = Source.empty<number>().via(across<number, number>("triple")).runWith(Sink.collect<number>(), system);
  expect(await turnUntil(clock, none)).toEqual([]);
  const total = Source.from([1, 2, 3]).via(across<number, number>("total")).runWith(Sink.collect<number>(), system);
  expect(await turnUntil(clock, total)).toEqual([6]);
  await gone();
});

test("sixteen elements go each way until downstream takes eight", async () => {
  const { clock, system, gone } = start();
  const flags = new SharedArrayBuffer(4);
  const passed = () => Atomics.load(new Int32Array(flags), 0);
  let sent = 0;
  let arrived = 0;
  const counted = Source.from(Array.from({ length: 1_000 }, (_, index) => index)).map((element) => {
    sent += 1;
    return element;
  });
  const downstream = counted
    .via(across<number, number>("counted", flags))
    .map((element) => {
      arrived += 1;
      return element;
    })
    .runWith(TestSink.probe<number>(), system);
  await turnUntil(clock, () => passed() === 16 && sent === 32);
  downstream.request(7);
  await turnUntil(clock, () => arrived === 7);
  downstream.expectNext(0, 1, 2, 3, 4, 5, 6);
  expect(passed()).toBe(16);
  downstream.request(1);
  downstream.expectNext(7);
  await turnUntil(clock, () => passed() === 24 && sent === 40);
  downstream.cancel();
  await gone();
});

test("columns move there and back", async () => {
  const { clock, system, gone } = start();
  const columns = { values: new Float64Array([1, 2, 3]) };
  const results = Source.single(move(columns))
    .via(across<typeof columns, typeof columns>("columns"))
    .runWith(Sink.head<typeof columns>(), system);
  expect((await turnUntil(clock, results))?.values).toEqual(new Float64Array([42, 2, 3]));
  expect(columns.values.length).toBe(0);
  await gone();
});

test("a flow that takes no more cancels upstream and completes downstream", async () => {
  const { clock, system, gone } = start();
  const [upstream, downstream] = TestSource.probe<number>()
    .via(across<number, number>("firstTwo"))
    .toMat(TestSink.probe<number>(), Keep.both)
    .run(system);
  downstream.request(5);
  for (const element of [1, 2]) {
    await turnUntil(clock, () => upstream.pending === 1);
    upstream.sendNext(element);
  }
  await gone();
  downstream.expectNext(1, 2);
  downstream.expectComplete();
  expect(upstream.expectCancellation()).toBeUndefined();
});

test("a failure crosses with its code, from either side, and cancels upstream with it", async () => {
  const { clock, system, gone } = start();
  const [upstream, downstream] = TestSource.probe<number>()
    .via(across<number, number>("faulty"))
    .toMat(TestSink.probe<number>(), Keep.both)
    .run(system);
  upstream.sendError(new TypeError("broken on purpose"));
  await gone();
  expect(downstream.expectError()).toMatchObject({ name: "TypeError", message: "broken on purpose" });

  const unasked = Source.from([1, 2]).via(across<number, number>("faulty")).runWith(TestSink.probe<number>(), system);
  await gone();
  expect(unasked.expectError()).toMatchObject({ code: "VALUE_INVALID", name: "EngineError" });
  unasked.expectNext();

  const failing = Source.from([1, 2]).via(across<number, number>("faulty")).runWith(Sink.ignore(), system);
  await expect(turnUntil(clock, failing)).rejects.toMatchObject({ code: "VALUE_INVALID" });
  await gone();
});

test("a branch of the flow that fails in the thread is logged here", async () => {
  const { clock, system, gone, errors } = start();
  const results = Source.from([1, 2]).via(across<number, number>("branched")).runWith(Sink.collect<number>(), system);
  expect(await turnUntil(clock, results)).toEqual([1, 2]);
  await gone();
  expect(errors).toEqual(["A stream failed in another thread: broken on purpose"]);
});

test("cancellation crosses with its cause", async () => {
  const { system, gone } = start();
  const [upstream, downstream] = TestSource.probe<number>()
    .via(across<number, number>("triple"))
    .toMat(TestSink.probe<number>(), Keep.both)
    .run(system);
  downstream.cancel(new Error("no more"));
  await gone();
  expect(upstream.expectCancellation()).toMatchObject({ message: "no more" });
});

test("a thread that ends, or cannot begin, fails the stream", async () => {
  const { clock, system, gone } = start();
  const crash = Source.from([1, 3]).via(across<number, number>("faulty")).runWith(Sink.ignore(), system);
  await expect(turnUntil(clock, crash)).rejects.toMatchObject({
    code: "WORKER_FAILED",
    message: 'Cannot run "faulty" in a worker as its thread must run: it is gone, with exit code 3',
  });
  const nowhere = Source.single(1).via(across<number, number>("nowhere")).runWith(Sink.ignore(), system);
  await expect(turnUntil(clock, nowhere)).rejects.toMatchObject({ code: "WORKER_FAILED" });
  await gone();
});

test("a run that is stopped from outside leaves no thread, and so does a system that terminates", async () => {
  const { clock, system, gone } = start();
  const running = Source.never<number>().via(across<number, number>("triple")).runWatched(Sink.ignore(), system);
  clock.runSoon();
  expect(system.resources.size).toBe(1);
  running.stop();
  await gone();
  const cut = Source.never<number>().via(across<number, number>("triple")).runWith(Sink.ignore(), system);
  clock.runSoon();
  await turnUntil(clock, system.terminate());
  await expect(cut).rejects.toMatchObject({ code: "STREAM_STOPPED" });
  await gone();
});

test("any line of stages gives the same elements in another thread", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer(), { maxLength: 60 }),
      fc.array(fc.nat(5), { maxLength: 5 }),
      async (elements, which) => {
        const { clock, system, gone } = start();
        const fused = Source.from(elements).via(operators(which)).runWith(Sink.collect<number>(), system);
        const split = Source.from(elements)
          .via(across<number, number>("operators", which))
          .runWith(Sink.collect<number>(), system);
        expect(await turnUntil(clock, split)).toEqual(await fused);
        await gone();
      },
    ),
    // Each starts a thread.
    { numRuns: 6 },
  );
});
