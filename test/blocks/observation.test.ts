import assert from "node:assert/strict";
import { test } from "vitest";
import { defineDerivation } from "../../blocks/model/derivation.ts";
import type { DeadLetterChunk } from "../../blocks/model/dead-letter.ts";
import type { ObservationChunk } from "../../blocks/model/observation-chunk.ts";
import { observationBlock } from "../../blocks/observation.ts";
import type { BucketUpdates, TagUpdates } from "../../blocks/rollup/updates.ts";
import { EngineError } from "../../runtime/errors.ts";
import { assertAllStopped } from "../../runtime/streams/probes/assert-all-stopped.ts";
import { SmallStore } from "./gated-store.ts";
import { BlockRun, type BlockRunOptions, FollowedReceipt } from "./block-run.ts";

/** Of a flow its double, and whether it is above 2. */
const doubled = defineDerivation({
  name: "doubled",
  summary: "For tests.",
  appliesTo: ({ metric }) => metric === "flow",
  *derive(_series, time, value) {
    yield { metric: "doubled", tagset: {}, type: "tdouble", time, value: 2 * Number(value) };
    yield { metric: "high", tagset: {}, type: "tbool", time, value: Number(value) > 2 };
  },
});

/** Of a truth its name: a derivation of what another one derived, of another layout. */
const named = defineDerivation({
  name: "named",
  summary: "For tests.",
  appliesTo: ({ type }) => type === "tbool",
  derive: (_series, time, value) => [{ metric: "named", tagset: {}, type: "ttext", time, value: String(value) }],
});

/** Feeds itself. */
const endless = defineDerivation({
  name: "endless",
  summary: "For tests.",
  appliesTo: () => true,
  derive: ({ metric }, time) => [{ metric: `${metric}'`, tagset: {}, type: "tdouble", time, value: 0 }],
});

/** Yields one that can be recorded, then throws above 2, or makes what its type does not have. */
const brittle = defineDerivation({
  name: "brittle",
  summary: "For tests.",
  appliesTo: ({ metric }) => metric === "flow",
  *derive(_series, time, value) {
    yield { metric: "part", tagset: {}, type: "tdouble", time, value: 1 };
    if (Number(value) > 2) throw new TypeError("too high");
    if (Number(value) > 1) yield { metric: "whole", tagset: {}, type: "tlong", time, value: 1.5 };
  },
});

const derivations = [doubled, named, endless, brittle];

function observation(derive: readonly string[], options: BlockRunOptions = {}, size = 4): BlockRun {
  const given = { aggregators: ["1m"], grouper: { size, duration: "1 second" }, derive };
  return new BlockRun(observationBlock, given, { derivations, ...options });
}

test("observation completes at once where nothing came", async () => {
  const run = observation(["doubled"], { outlets: ["observations", "updates", "tags"] });
  run.input.sendComplete();
  await run.running.done;
  for (const name of ["observations", "updates", "tags"]) run.outlet(name).expectComplete();
  assertAllStopped(run.system);
});

test("observation without derivations hands chunks on as they are and stores nothing", async () => {
  const run = observation([], { outlets: ["observations"] }, 1);
  const followed = new FollowedReceipt(2);
  const chunk = run.doubles([1, 2], followed.receipt);
  run.outlet("observations").request(1);
  run.input.sendNext(chunk);
  run.outlet<ObservationChunk>("observations").expectNext(chunk);
  await run.pass(5_000);
  assert.deepEqual(run.store.writes, []);
  chunk.receipt.durable(2);
  chunk.receipt.release();
  assert.ok(followed.settled?.balanced);
});

test("observation hands on what was derived behind its origin, stores it and gives it a first period", async () => {
  const run = observation(["doubled", "named"], { outlets: ["observations", "updates", "tags"] });
  for (const name of ["observations", "updates", "tags"]) run.outlet(name).request(10);
  run.input.sendNext(run.doubles([1, 3], new FollowedReceipt(2).receipt));
  await run.rest();
  const published = [1, 2, 3].map(() => rowsOf(run.taken<ObservationChunk>("observations")));
  assert.deepEqual(published, [
    ["flow 1 1", "flow 3 3"],
    ["doubled 1 2", "high 1 0", "doubled 3 6", "high 3 1"],
    ["named 1 false", "named 3 true"],
  ]);
  assert.deepEqual(run.store.rowsWritten, [6]);
  const { states } = run.taken<BucketUpdates>("updates");
  const buckets = Array.from({ length: states.length }, (_, row) => run.table.at(states.series[row] ?? -1).metric);
  assert.deepEqual(buckets, ["doubled", "high", "named"]);
  assert.equal(run.taken<TagUpdates>("tags").touched.length, 3);
});

test("what is derived of a series that a full store has no place for is a dead letter, the rest goes on", async () => {
  const run = observation(["doubled"], { outlets: ["observations", "rejected"], store: new SmallStore(1) }, 1);
  for (const name of ["observations", "rejected"]) run.outlet(name).request(10);
  const followed = new FollowedReceipt(1);
  run.input.sendNext(run.doubles([3], followed.receipt));
  await run.rest();
  const { letters, receipt } = run.taken<DeadLetterChunk>("rejected");
  assert.deepEqual(
    letters.map(({ code, payload }) => [code, (payload as { metric: string }).metric]),
    [["SERIES_LIMIT", "high"]],
  );
  receipt.release();
  for (const rows of [["flow 3 3"], ["doubled 3 6"]]) {
    const chunk = run.taken<ObservationChunk>("observations");
    assert.deepEqual(rowsOf(chunk), rows);
    chunk.receipt.durable(chunk.length);
    chunk.receipt.release();
  }
  await run.rest();
  assert.deepEqual(run.store.rowsWritten, [1]);
  assert.ok(followed.settled?.balanced);
});

test("the books balance over what was derived, published or not", async () => {
  for (const outlets of [["observations"], []]) {
    const run = observation(["doubled", "named"], { outlets });
    if (outlets.length > 0) run.outlet("observations").request(10);
    const followed = new FollowedReceipt(2);
    run.input.sendNext(run.doubles([1, 3], followed.receipt));
    await run.rest();
    for (const _ of outlets.length > 0 ? [1, 2, 3] : []) {
      const chunk = run.taken<ObservationChunk>("observations");
      chunk.receipt.durable(chunk.length);
      chunk.receipt.release();
    }
    assert.ok(followed.settled?.balanced);
    assert.equal(followed.settled.added, outlets.length > 0 ? 12 : 6);
  }
});

test("a derivation that throws, or makes what cannot be recorded, costs what it makes of that row, with a dead letter", async () => {
  const run = observation(["brittle", "doubled"], { outlets: ["rejected"] });
  const followed = new FollowedReceipt(3);
  run.outlet("rejected").request(10);
  run.input.sendNext(run.doubles([1, 2, 3], followed.receipt));
  await run.rest();
  const { letters, receipt } = run.taken<DeadLetterChunk>("rejected");
  assert.deepEqual(
    letters.map(({ code, reason, payload }) => [code, reason, payload]),
    [
      [
        "VALUE_INVALID",
        'Cannot derive "brittle" from a data point: Cannot accept a value as tlong must be a number without a fraction: it is 1.5',
        { metric: "flow", tagset: {}, type: "tdouble", values: [["1970-01-01T00:00:00.002Z", 2]] },
      ],
      [
        "DERIVATION_FAILED",
        'Cannot derive "brittle" from a data point: too high',
        { metric: "flow", tagset: {}, type: "tdouble", values: [["1970-01-01T00:00:00.003Z", 3]] },
      ],
    ],
  );
  receipt.release();
  await run.pass(1_000);
  // Of "part" the one whose derivation went through, and all of "doubled" and "high".
  assert.deepEqual(run.store.rowsWritten, [7]);
  assert.ok(followed.settled?.balanced);
  assert.deepEqual(
    [...followed.settled.deadLettered],
    [
      ["VALUE_INVALID", 1],
      ["DERIVATION_FAILED", 1],
    ],
  );
});

test("a receipt with one holder outlives its origin until what was derived is durable, where nobody subscribes", async () => {
  const run = observation(["doubled"], {}, 100);
  const followed = new FollowedReceipt(1);
  run.store.hold();
  run.input.sendNext(run.doubles([1], followed.receipt));
  await run.pass(1_000);
  assert.deepEqual([run.store.rowsWritten, followed.isSettled], [[2], false]);
  run.store.release();
  await run.rest();
  assert.equal(followed.settled?.durable, 2);
  assert.deepEqual([...followed.settled.filtered], [["not subscribed", 1]]);
});

test("a row that nothing is derived from and nobody wants is filtered at once", () => {
  const run = observation(["doubled"]);
  const followed = new FollowedReceipt(1);
  run.input.sendNext(run.doubles([1], followed.receipt, "level"));
  assert.deepEqual([...(followed.settled?.filtered ?? [])], [["not subscribed", 1]]);
});

test("derivations of derivations end at eight levels", async () => {
  const run = observation(["endless"], {}, 1);
  run.input.sendNext(run.doubles([1], new FollowedReceipt(1).receipt));
  await run.rest();
  assert.deepEqual(run.store.rowsWritten, [8]);
  const found = await run.store.find({ tags: new Map() });
  assert.deepEqual(found.at(-1)?.metric, "flow''''''''");
});

test("a correction derives again, and what is derived from it stands", async () => {
  const run = observation(["doubled"], {}, 2);
  const chunks = [1, 5].map((value) => run.chunks([["flow", "tdouble", 7, value]], new FollowedReceipt(1).receipt));
  for (const [chunk] of chunks) {
    run.input.sendNext(chunk);
    await run.rest();
  }
  const series = run.table.intern("doubled", {}, "tdouble");
  const [points] = await run.store.readObservations([{ series, from: 0, to: 10 }]);
  assert.deepEqual(points?.values, Float64Array.of(10));
});

test("observation does not pull while a subscriber of observations does not", () => {
  const run = observation(["doubled"], { outlets: ["observations"] });
  run.outlet("observations").request(1);
  run.input.sendNext(run.doubles([1], new FollowedReceipt(1).receipt));
  run.input.expectNoRequest();
  run.outlet("observations").request(1);
  run.input.expectNoRequest();
  run.outlet("observations").request(1);
  run.input.expectRequest();
});

test("observation does not pull while twice the size of its grouper waits for the store", async () => {
  const run = observation(["doubled"], {}, 4);
  run.store.hold();
  for (let sent = 0; sent < 4; sent += 1) {
    run.input.sendNext(run.doubles([sent], new FollowedReceipt(1).receipt));
    await run.rest();
  }
  run.input.expectNoRequest();
  run.store.release();
  await run.rest();
  run.input.expectRequest();
});

test("derived rows wait for the duration of the grouper, not less", async () => {
  const run = observation(["doubled"], {}, 100);
  run.input.sendNext(run.doubles([1], new FollowedReceipt(1).receipt));
  await run.pass(999);
  assert.deepEqual(run.store.rowsWritten, []);
  await run.pass(1);
  assert.deepEqual(run.store.rowsWritten, [2]);
});

test("observation completes once what was derived is durable and handed on", async () => {
  const run = observation(["doubled"], { outlets: ["observations"] }, 100);
  run.outlet("observations").request(1);
  run.input.sendNext(run.doubles([1], new FollowedReceipt(1).receipt));
  run.input.sendComplete();
  await run.rest();
  assert.deepEqual(run.store.rowsWritten, [2]);
  run.taken("observations");
  run.outlet("observations").expectNoMessage();
  run.outlet("observations").request(1);
  await run.rest();
  run.taken("observations");
  run.outlet("observations").expectComplete();
  await run.running.done;
  assertAllStopped(run.system);
});

test("observation goes on when the subscriber of observations goes away", async () => {
  const run = observation(["doubled"], { outlets: ["observations"] }, 2);
  run.outlet("observations").cancel();
  const followed = new FollowedReceipt(1);
  run.input.sendNext(run.doubles([1], followed.receipt));
  await run.rest();
  assert.deepEqual([followed.settled?.durable, followed.settled?.balanced], [2, true]);
});

test("a receipt settles also where the subscriber goes away before it took all that was derived", async () => {
  const run = observation(["doubled", "named"], { outlets: ["observations"] }, 1);
  run.outlet("observations").request(1);
  const followed = new FollowedReceipt(1);
  run.input.sendNext(run.doubles([1], followed.receipt));
  const origin = run.taken<ObservationChunk>("observations");
  origin.receipt.durable(1);
  origin.receipt.release();
  run.outlet("observations").cancel();
  await run.rest();
  assert.deepEqual(
    [followed.settled?.balanced, [...(followed.settled?.filtered ?? [])]],
    [true, [["not subscribed", 3]]],
  );
});

test("observation fails with upstream and with the store, and receipts stay unsettled", async () => {
  const upstream = observation(["doubled"]);
  const waiting = new FollowedReceipt(1);
  upstream.input.sendNext(upstream.doubles([1], waiting.receipt));
  upstream.input.sendError(new Error("gone"));
  await upstream.rest();
  await assert.rejects(upstream.running.done, { message: "gone" });
  assert.equal(waiting.isSettled, false);
  assertAllStopped(upstream.system);

  const broken = observation(["doubled"], {}, 1);
  const lost = new FollowedReceipt(1);
  broken.store.broken = new EngineError("STORE_FAILED", "Cannot write to the store as it is full");
  broken.input.sendNext(broken.doubles([1], lost.receipt));
  await broken.rest();
  await assert.rejects(broken.running.done, broken.store.broken);
  assert.equal(lost.isSettled, false);
  assertAllStopped(broken.system);
});

test("a derivation that nobody brings is refused by its name", () => {
  assert.throws(() => observation(["doubel"]), {
    code: "COMPONENT_UNKNOWN",
    message:
      'Cannot use the derivation "doubel" as no plugin brings it: there are "doubled", "named", "endless", "brittle"',
  });
});

function rowsOf(chunk: ObservationChunk): string[] {
  return Array.from({ length: chunk.length }, (_, row) => {
    const { metric } = chunk.table.at(chunk.series[row] ?? -1);
    return `${metric} ${chunk.time[row]} ${chunk.values[row]}`;
  });
}
