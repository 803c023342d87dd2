import assert from "node:assert/strict";
import { test } from "vitest";
import { messageBlock } from "../../blocks/message.ts";
import type { Derivator } from "../../blocks/model/derivator.ts";
import type { DeadLetterChunk } from "../../blocks/model/dead-letter.ts";
import type { ObservationChunk } from "../../blocks/model/observation-chunk.ts";
import type { BucketUpdates, TagUpdates } from "../../blocks/rollup/updates.ts";
import { virtualClock } from "../../runtime/clock/virtual-clock.ts";
import { EngineError } from "../../runtime/errors.ts";
import { assertAllStopped } from "../../runtime/streams/probes/assert-all-stopped.ts";
import { LateStore, SmallStore } from "./gated-store.ts";
import { BlockRun, type BlockRunOptions, FollowedReceipt } from "./block-run.ts";

const minute = 60_000;

function message(options: BlockRunOptions = {}, size = 4): BlockRun {
  return new BlockRun(messageBlock, { aggregators: ["1m"], grouper: { size, duration: "1 second" } }, options);
}

test("message completes at once where nothing came", async () => {
  const run = message({ outlets: ["observations", "updates", "tags"] });
  run.input.sendComplete();
  await run.running.done;
  run.outlet("updates").expectComplete();
  run.outlet("tags").expectComplete();
  run.outlet("observations").expectComplete();
  assert.deepEqual(run.store.writes, []);
  assertAllStopped(run.system);
});

test("message hands observations on at once, and updates and tags once a recording has begun", async () => {
  const run = message({ outlets: ["observations", "updates", "tags"] });
  for (const name of ["observations", "updates", "tags"]) run.outlet(name).request(10);
  const followed = new FollowedReceipt(4);
  const chunk = run.doubles([minute, 0, 1, minute + 5], followed.receipt);
  run.store.hold();
  run.input.sendNext(chunk);
  run.outlet<ObservationChunk>("observations").expectNext(chunk);
  await run.rest();

  const [updates, tags] = [run.taken<BucketUpdates>("updates"), run.taken<TagUpdates>("tags")];
  const { states } = updates;
  assert.deepEqual([...states.start.subarray(0, states.length)], [0, minute]);
  assert.deepEqual([...states.series.subarray(0, states.length)], [0, 0]);
  assert.equal(tags.touched.length, 1);
  assert.deepEqual(run.store.rowsWritten, [4]);
  assert.equal(followed.isSettled, false);
});

test("message starts a recording at the row that fills the grouper, not before", async () => {
  const run = message();
  run.input.sendNext(run.doubles([1, 2, 3], new FollowedReceipt(3).receipt));
  await run.rest();
  assert.deepEqual(run.store.rowsWritten, []);
  run.input.sendNext(run.doubles([4], new FollowedReceipt(1).receipt));
  await run.rest();
  assert.deepEqual(run.store.rowsWritten, [4]);
});

test("message starts a recording when its first row has waited for the duration, not before", async () => {
  const run = message();
  run.input.sendNext(run.doubles([1], new FollowedReceipt(1).receipt));
  await run.pass(500);
  run.input.sendNext(run.doubles([2], new FollowedReceipt(1).receipt));
  await run.pass(499);
  assert.deepEqual(run.store.rowsWritten, []);
  await run.pass(1);
  assert.deepEqual(run.store.rowsWritten, [2]);
  run.input.sendNext(run.doubles([3], new FollowedReceipt(1).receipt));
  await run.pass(999);
  assert.deepEqual(run.store.rowsWritten, [2]);
  await run.pass(1);
  assert.deepEqual(run.store.rowsWritten, [2, 1]);
});

test("rows that follow a recording wait for the whole duration, from the first of them on", async () => {
  const run = message();
  run.input.sendNext(run.doubles([1], new FollowedReceipt(1).receipt));
  await run.pass(500);
  run.input.sendNext(run.doubles([2, 3, 4], new FollowedReceipt(3).receipt));
  await run.pass(100);
  assert.deepEqual(run.store.rowsWritten, [4]);
  run.input.sendNext(run.doubles([5], new FollowedReceipt(1).receipt));
  await run.pass(999);
  assert.deepEqual(run.store.rowsWritten, [4]);
  await run.pass(1);
  assert.deepEqual(run.store.rowsWritten, [4, 1]);
  await run.pass(5_000);
  run.input.sendNext(run.doubles([6], new FollowedReceipt(1).receipt));
  await run.pass(1_000);
  assert.deepEqual(run.store.rowsWritten, [4, 1, 1]);
});

test("message records what it holds when someone wants to read it", async () => {
  const run = message();
  run.flushes.next();
  await run.rest();
  assert.deepEqual(run.store.rowsWritten, []);
  run.input.sendNext(run.doubles([1, 2], new FollowedReceipt(2).receipt));
  run.flushes.next();
  await run.rest();
  assert.deepEqual(run.store.rowsWritten, [2]);
});

test("a flush that comes during a write is made up for behind it", async () => {
  const run = message();
  run.store.hold();
  run.input.sendNext(run.doubles([1, 2, 3, 4], new FollowedReceipt(4).receipt));
  await run.rest();
  run.input.sendNext(run.doubles([5], new FollowedReceipt(1).receipt));
  run.flushes.next();
  await run.rest();
  assert.deepEqual(run.store.rowsWritten, [4]);
  run.store.release();
  await run.rest();
  assert.deepEqual(run.store.rowsWritten, [4, 1]);
});

test("a receipt settles only when the write has resolved", async () => {
  const run = message();
  const followed = new FollowedReceipt(4);
  run.store.hold();
  run.input.sendNext(run.doubles([1, 2, 3, 4], followed.receipt));
  await run.pass(10_000);
  assert.equal(followed.isSettled, false);
  run.store.release();
  await run.rest();
  assert.equal(followed.settled?.durable, 4);
  assert.ok(followed.settled.balanced);
});

test("a receipt settles only when the receivers of observations, updates and tags have let go of it", async () => {
  const run = message({ outlets: ["observations", "updates", "tags"] });
  for (const name of ["observations", "updates", "tags"]) run.outlet(name).request(1);
  const followed = new FollowedReceipt(4);
  const chunk = run.doubles([1, 2, 3, 4], followed.receipt);
  run.input.sendNext(chunk);
  await run.rest();
  run.outlet<ObservationChunk>("observations").expectNext(chunk);
  chunk.receipt.filtered("test", 4);
  for (const receipt of [chunk.receipt, ...run.taken<BucketUpdates>("updates").receipts]) receipt.release();
  assert.equal(followed.isSettled, false);
  for (const receipt of run.taken<TagUpdates>("tags").receipts) receipt.release();
  assert.deepEqual([followed.settled?.durable, followed.settled?.added, followed.settled?.balanced], [4, 4, true]);
});

test("message never holds more than twice the size of its grouper and the chunks that crossed it", async () => {
  const run = message({}, 4);
  run.store.hold();
  let sent = 0;
  for (; run.input.pending > 0 && sent < 100; sent += 3) {
    run.input.sendNext(run.doubles([sent, sent + 1, sent + 2], new FollowedReceipt(3).receipt));
    await run.rest();
  }
  assert.ok(sent >= 2 * 4 && sent <= 2 * (4 + 2), `it holds ${sent} rows`);
  run.store.release();
  await run.rest();
  run.input.expectRequest();
});

test("message does not pull while a subscriber of observations does not", async () => {
  const run = message({ outlets: ["observations"] });
  run.input.expectNoRequest();
  run.outlet("observations").request(1);
  run.input.sendNext(run.doubles([1], new FollowedReceipt(1).receipt));
  run.input.expectNoRequest();
  run.outlet("observations").request(1);
  run.input.expectRequest();
});

test("message does not record while the receiver of updates does not pull, and pulls up to its bound", async () => {
  const run = message({ outlets: ["updates"] }, 2);
  for (let sent = 0; sent < 3; sent += 1) {
    run.input.sendNext(run.doubles([2 * sent, 2 * sent + 1], new FollowedReceipt(2).receipt));
    await run.rest();
  }
  assert.deepEqual(run.store.rowsWritten, [2]);
  run.input.expectNoRequest();
  run.outlet("updates").request(1);
  await run.rest();
  assert.deepEqual(run.store.rowsWritten, [2, 4]);
});

test("message records what it holds when upstream completes, and completes when that is durable and handed over", async () => {
  const run = message({ outlets: ["updates"] });
  const followed = new FollowedReceipt(1);
  run.store.hold();
  run.input.sendNext(run.doubles([1], followed.receipt));
  run.input.sendComplete();
  await run.rest();
  assert.deepEqual(run.store.rowsWritten, [1]);
  run.outlet("updates").expectNoMessage();
  run.store.release();
  await run.rest();
  run.outlet("updates").expectNoMessage();
  run.outlet("updates").request(1);
  await run.rest();
  for (const receipt of run.taken<BucketUpdates>("updates").receipts) receipt.release();
  run.outlet("updates").expectComplete();
  assert.equal(followed.settled?.durable, 1);
  await run.running.done;
  assertAllStopped(run.system);
});

test("message completes when upstream completes during a write, with rows that came meanwhile", async () => {
  const run = message();
  run.store.hold();
  run.input.sendNext(run.doubles([1, 2, 3, 4], new FollowedReceipt(4).receipt));
  await run.rest();
  const followed = new FollowedReceipt(1);
  run.input.sendNext(run.doubles([5], followed.receipt));
  run.input.sendComplete();
  run.store.release();
  await run.rest();
  await run.running.done;
  assert.deepEqual(run.store.rowsWritten, [4, 1]);
  assert.equal(followed.settled?.durable, 1);
});

test("message fails with upstream, and what it held stays unsettled", async () => {
  const run = message({ outlets: ["updates"] });
  const followed = new FollowedReceipt(1);
  run.input.sendNext(run.doubles([1], followed.receipt));
  const error = new Error("the buffer is gone");
  run.input.sendError(error);
  run.outlet("updates").expectError(error);
  await assert.rejects(run.running.done);
  assert.deepEqual([followed.isSettled, run.store.rowsWritten], [false, []]);
  assertAllStopped(run.system);
});

test("message fails when the receiver of updates or tags goes away", async () => {
  for (const outlet of ["updates", "tags"]) {
    const run = message({ outlets: ["updates", "tags"] });
    run.outlet(outlet).cancel();
    await assert.rejects(run.running.done, { code: "STREAM_STOPPED", retryable: true });
    assertAllStopped(run.system);
  }
});

test("message goes on when the subscriber of observations goes away", async () => {
  const run = message({ outlets: ["observations"] });
  const followed = new FollowedReceipt(4);
  run.outlet("observations").cancel();
  run.input.sendNext(run.doubles([1, 2, 3, 4], followed.receipt));
  await run.rest();
  assert.deepEqual([followed.settled?.durable, followed.settled?.added], [4, 0]);
});

test("message fails when the store fails, at once or later, and no receipt settles", async () => {
  const error = new EngineError("STORE_FAILED", "Cannot write to the store as it is full");
  for (const held of [false, true]) {
    const run = message({ outlets: ["updates"] });
    const followed = new FollowedReceipt(4);
    if (held) run.store.hold();
    run.store.broken = error;
    run.input.sendNext(run.doubles([1, 2, 3, 4], followed.receipt));
    await run.rest();
    run.store.release();
    await run.rest();
    run.outlet("updates").expectError(error);
    await assert.rejects(run.running.done);
    assert.equal(followed.isSettled, false);
    assertAllStopped(run.system);
  }
});

test("message stopped while it writes leaves nothing behind, also where the write then fails", async () => {
  const run = message();
  const followed = new FollowedReceipt(4);
  run.store.hold();
  run.input.sendNext(run.doubles([1, 2, 3, 4], followed.receipt));
  await run.rest();
  run.running.stop();
  await run.rest();
  await run.running.done;
  run.store.broken = new Error("too late");
  run.store.release();
  await run.rest();
  assert.equal(followed.isSettled, false);
  assertAllStopped(run.system);
});

test("message stopped while rows wait calls its timer off", async () => {
  const run = message();
  run.input.sendNext(run.doubles([1], new FollowedReceipt(1).receipt));
  run.running.stop();
  await run.rest();
  await run.running.done;
  assertAllStopped(run.system);
});

test("message started again over the same store replaces a repeat and goes on", async () => {
  const first = message();
  first.input.sendNext(first.doubles([1, 2, 3, 4], new FollowedReceipt(4).receipt));
  await first.rest();
  first.running.stop();
  const again = message({ store: first.store, outlets: ["updates"] }, 5);
  again.outlet("updates").request(1);
  again.input.sendNext(again.doubles([3, 4, 5, 6, 7], new FollowedReceipt(5).receipt));
  await again.rest();
  const { states } = again.taken<BucketUpdates>("updates");
  assert.deepEqual([states.length, states.floats[0]], [1, 7]);
});

test("message that rolls up to no period stores observations and hands on tags alone", async () => {
  const given = { aggregators: [], grouper: { size: 1 } };
  const run = new BlockRun(messageBlock, given, { outlets: ["updates", "tags"] });
  run.outlet("updates").request(1);
  run.outlet("tags").request(1);
  run.input.sendNext(run.doubles([1], new FollowedReceipt(1).receipt));
  await run.rest();
  run.outlet("updates").expectNoMessage();
  assert.equal(run.taken<TagUpdates>("tags").touched.length, 1);
  assert.deepEqual(run.store.rowsWritten, [1]);
});

test("rows that would spoil a rollup go to the dead letters, the others are recorded", async () => {
  const run = new BlockRun(messageBlock, { aggregators: ["1m"] }, { outlets: ["observations", "rejected"] });
  const followed = new FollowedReceipt(4);
  for (const name of ["observations", "rejected"]) run.outlet(name).request(10);
  const rows = [1, Number.NaN, 3, 2.5].map((value, at) => ["flow", "tdouble", at === 3 ? 2.5 : at, value] as const);
  const [chunk] = run.chunks(rows, followed.receipt);
  run.input.sendNext(chunk);
  await run.rest();
  const { letters, receipt } = run.taken<DeadLetterChunk>("rejected");
  assert.deepEqual(
    letters.map(({ code, reason }) => `${code} ${reason}`),
    [
      "VALUE_INVALID Cannot record a value as it must be a finite number: it is NaN",
      "TIMESTAMP_INVALID Cannot record a data point as its time must be a whole ms of the years 1 to 9999: it is 2.5",
    ],
  );
  receipt.release();
  const published = run.taken<ObservationChunk>("observations");
  assert.deepEqual([...published.time], [0, 2]);
  published.receipt.durable(published.length);
  published.receipt.release();
  await run.pass(1_000);
  assert.deepEqual(run.store.rowsWritten, [2]);
  assert.ok(followed.settled?.balanced);
});

test("rows of a new series that a full store has no place for go to the dead letters, the known ones go on", async () => {
  const store = new SmallStore(2);
  const given = { aggregators: ["1m"], grouper: { size: 2, duration: "1 second" } };
  const run = new BlockRun(messageBlock, given, { outlets: ["rejected"], store });
  run.outlet("rejected").request(10);
  const send = (metrics: readonly string[]) => {
    const followed = new FollowedReceipt(metrics.length);
    for (const [chunk] of [
      run.chunks(
        metrics.map((metric, at) => [metric, "tdouble", at, 1] as const),
        followed.receipt,
      ),
    ])
      run.input.sendNext(chunk);
    return followed;
  };
  const first = send(["a", "b"]);
  await run.rest();
  const second = send(["a", "c", "b", "c"]);
  await run.rest();
  const { letters, receipt } = run.taken<DeadLetterChunk>("rejected");
  const reason = 'Cannot record a data point of the new series "c" as the store holds at most 2 (series_max)';
  const told = letters.map(({ code, payload }) => ({ code, ...(payload as { metric: string; values: unknown }) }));
  const row = { code: "SERIES_LIMIT", metric: "c", tagset: {}, type: "tdouble" };
  assert.equal(letters[0]?.reason, reason);
  assert.deepEqual(told, [
    { ...row, values: [["1970-01-01T00:00:00.001Z", 1]] },
    { ...row, values: [["1970-01-01T00:00:00.003Z", 1]] },
  ]);
  receipt.release();
  await run.pass(1_000);
  assert.deepEqual(run.store.rowsWritten, [2, 2]);
  for (const { settled } of [first, second]) assert.ok(settled?.balanced);
});

test.each([
  [
    "ttext",
    ["on", 7, "a\ud800", undefined],
    ["on"],
    "ttext must be well-formed text",
    ["7", '"a\\ud800"', "undefined"],
  ],
  ["tbinary", [new Uint8Array(1), "AA=="], [new Uint8Array(1)], "tbinary must be bytes", ['"AA=="']],
  [
    "pos2d",
    [
      { latitude: 90, longitude: -180 },
      { latitude: Number.NaN, longitude: 0 },
      { latitude: 0, longitude: 180.1 },
      null,
    ],
    [{ latitude: 90, longitude: -180 }],
    "pos2d must be a latitude of -90 to 90 and a longitude of -180 to 180",
    ["an object", "an object", "null"],
  ],
  ["vector", [[1], null, 1n, undefined], [[1], null], "vector must be JSON", ["1", "undefined"]],
])("values that are no %s go to the dead letters, the others are recorded", async (type, values, kept, rule, shown) => {
  const run = new BlockRun(messageBlock, { aggregators: ["1m"] }, { outlets: ["observations", "rejected"] });
  const followed = new FollowedReceipt(values.length);
  for (const name of ["observations", "rejected"]) run.outlet(name).request(10);
  const [chunk] = run.chunks(
    values.map((value, at) => ["flow", type, at, value] as const),
    followed.receipt,
  );
  run.input.sendNext(chunk);
  await run.rest();
  const { letters, receipt } = run.taken<DeadLetterChunk>("rejected");
  assert.deepEqual(
    letters.map(({ code, reason }) => `${code} ${reason}`),
    shown.map((value) => `VALUE_INVALID Cannot record a value as ${rule}: it is ${value}`),
  );
  // It goes to a file.
  assert.doesNotThrow(() => JSON.stringify(letters));
  receipt.release();
  const published = run.taken<ObservationChunk>("observations");
  assert.deepEqual((published.values as unknown[]).slice(0, published.length), kept);
});

test("a chunk of nothing but unsound rows settles at once, and nothing is recorded", async () => {
  const run = new BlockRun(messageBlock, { aggregators: ["1m"] }, { outlets: ["rejected"] });
  const followed = new FollowedReceipt(1);
  run.outlet("rejected").request(1);
  const [chunk] = run.chunks([["flow", "tdouble", 1, Number.POSITIVE_INFINITY]], followed.receipt);
  run.input.sendNext(chunk);
  await run.rest();
  run.taken<DeadLetterChunk>("rejected").receipt.release();
  await run.pass(5_000);
  assert.deepEqual(run.store.writes, []);
  assert.ok(followed.settled?.balanced);
});

test("message folds one more recording while states of the last are computed elsewhere, and tells of them in order", async () => {
  const { run, store, gates } = elsewhere();
  send(run, [0, 1, 2, 3]);
  await run.pass(0);
  send(run, [4, 5, 6, 7]);
  await run.pass(0);
  assert.deepEqual([store.rowsWritten, gates.length], [[4, 4], 2]);

  gates[1]?.();
  await run.pass(0);
  run.outlet("updates").expectNoMessage();
  run.input.expectNoRequest();
  gates[0]?.();
  await run.pass(0);
  const lengths = [run.taken<BucketUpdates>("updates"), run.taken<BucketUpdates>("updates")].map(
    ({ states }) => (states.others[0] as [readonly number[]])[0].length,
  );
  send(run, [8, 9, 10, 11]);
  await run.pass(0);
  const written = store.rowsWritten;
  assert.deepEqual({ lengths, written }, { lengths: [4, 8], written: [4, 4, 4] });
});

test("what a chunk has beyond the size of the grouper keeps nothing out of the next recording", async () => {
  const { run, store, gates } = elsewhere();
  for (let first = 0; first < 12; first += 3) {
    send(run, [first, first + 1, first + 2]);
    await run.pass(0);
  }
  assert.deepEqual([store.rowsWritten, gates.length], [[6, 6], 2]);
});

test("a recording without states elsewhere is told of behind one that waits for its own", async () => {
  const { run, store, gates } = elsewhere();
  send(run, [0, 1, 2, 3]);
  await run.pass(0);
  const texts = [4, 5, 6, 7].map((time) => ["name", "ttext", time, "a"] as const);
  for (const chunk of run.chunks(texts, new FollowedReceipt(4).receipt)) run.input.sendNext(chunk);
  // For the first write, whose end the newest timestamp of the other series waits for.
  await run.pass(0);
  await run.pass(0);
  assert.deepEqual([store.rowsWritten, gates.length], [[4, 4], 1]);
  run.outlet("updates").expectNoMessage();

  gates[0]?.();
  await run.pass(0);
  const told = [run.taken<BucketUpdates>("updates"), run.taken<BucketUpdates>("updates")].map(
    ({ states }) => run.table.at(states.series[0] as number).metric,
  );
  assert.deepEqual(told, ["flow", "name"]);
});

function send(run: BlockRun, times: readonly number[]): void {
  run.input.sendNext(run.doubles(times, new FollowedReceipt(times.length).receipt));
}

/** A message block with a derivator of doubles whose states come when the gates open, each of its own bucket. */
function elsewhere() {
  const store = new LateStore(virtualClock(), () => 0);
  const gates: (() => void)[] = [];
  const derivator: Derivator<readonly number[]> = {
    kind: "derivator",
    name: "elsewhere",
    summary: "For tests.",
    appliesTo: (type) => type === "tdouble",
    resultType: () => "tlong",
    seed: () => [],
    copy: (state) => state,
    add: (state, { time }, from, to) => [...state, ...time.slice(from, to)],
    merge: (earlier, later) => [...earlier, ...later],
    settled: (state) => new Promise((resolve) => gates.push(() => resolve(state))),
    result: (state) => state.length,
    encode: (state) => Uint8Array.from(state),
    decode: (bytes) => [...bytes],
  };
  const given = { aggregators: ["1m"], derivators: ["elsewhere"], grouper: { size: 4, duration: "1 second" } };
  const run = new BlockRun(messageBlock, given, { outlets: ["updates"], store, derivators: [derivator] });
  store.clock = run.clock;
  run.outlet("updates").request(10);
  return { run, store, gates };
}
