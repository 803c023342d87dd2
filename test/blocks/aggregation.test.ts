import assert from "node:assert/strict";
import { test } from "vitest";
import { aggregationBlock } from "../../blocks/aggregation.ts";
import { builtInDerivators } from "../../blocks/derivators/catalogue.ts";
import type { AggregationChunk } from "../../blocks/model/aggregation.ts";
import { periodOf } from "../../blocks/model/period.ts";
import { DerivatorSets } from "../../blocks/rollup/derivator-set.ts";
import { Recorder } from "../../blocks/rollup/recorder.ts";
import { BucketUpdates } from "../../blocks/rollup/updates.ts";
import { EngineError } from "../../runtime/errors.ts";
import { assertAllStopped } from "../../runtime/streams/probes/assert-all-stopped.ts";
import { BlockRun, type BlockRunOptions, FollowedReceipt } from "./block-run.ts";
import { GatedStore } from "./gated-store.ts";
import { batchOf } from "./rollup/row-batch.ts";

function aggregation(options: BlockRunOptions = {}, aggregators = ["1m", "1h", "1d", "1mo"]): BlockRun {
  return new BlockRun(aggregationBlock, { aggregators }, options);
}

test("aggregation completes at once where nothing came", async () => {
  const run = aggregation({ outlets: ["aggregations"] });
  run.input.sendComplete();
  await run.running.done;
  run.outlet("aggregations").expectComplete();
  assert.deepEqual(run.store.writes, []);
  assertAllStopped(run.system);
});

test("an update becomes buckets of every period, labelled by their start, in one write", async () => {
  const run = aggregation({ outlets: ["aggregations"] });
  run.outlet("aggregations").request(1);
  await send(run, ["2019-08-09T12:34:56.000Z"]);
  const { aggregations } = run.taken<AggregationChunk>("aggregations");
  const counts = aggregations.filter(({ derivator }) => derivator === "count");
  // TSorage labels the same buckets by their end: 12:35, 13:00, 2019-08-10 and 2019-09-01.
  assert.deepEqual(
    counts.map(({ period, bucket, value }) => [period, new Date(bucket).toISOString(), value]),
    [
      ["1m", "2019-08-09T12:34:00.000Z", 1],
      ["1h", "2019-08-09T12:00:00.000Z", 1],
      ["1d", "2019-08-09T00:00:00.000Z", 1],
      ["1mo", "2019-08-01T00:00:00.000Z", 1],
    ],
  );
  assert.equal(run.store.writes.length, 1);
});

test("a point on the border of every period begins its buckets, and the one a millisecond before ends others", async () => {
  const run = aggregation({ outlets: ["aggregations"] });
  run.outlet("aggregations").request(1);
  await send(run, ["2019-08-31T23:59:59.999Z", "2019-09-01T00:00:00.000Z"]);
  const { aggregations } = run.taken<AggregationChunk>("aggregations");
  const months = aggregations.filter(({ period, derivator }) => period === "1mo" && derivator === "count");
  assert.deepEqual(
    months.map(({ bucket, value }) => [new Date(bucket).toISOString(), value]),
    [
      ["2019-08-01T00:00:00.000Z", 1],
      ["2019-09-01T00:00:00.000Z", 1],
    ],
  );
});

test("a later update goes on with the coarse buckets of an earlier one", async () => {
  const run = aggregation({ outlets: ["aggregations"] });
  run.outlet("aggregations").request(2);
  await send(run, ["2020-02-29T00:00:30Z"]);
  await send(run, ["2020-02-29T00:01:30Z", "2020-02-29T01:00:00Z"]);
  run.taken("aggregations");
  const { aggregations } = run.taken<AggregationChunk>("aggregations");
  const counts = aggregations.filter(({ derivator }) => derivator === "count");
  assert.deepEqual(
    counts.map(({ period, value }) => [period, value]),
    [
      ["1m", 1],
      ["1m", 1],
      ["1h", 2],
      ["1h", 1],
      ["1d", 3],
      ["1mo", 3],
    ],
  );
});

test("first and last carry their timestamp, and values come in the order of the derivators", async () => {
  const run = aggregation({ outlets: ["aggregations"] }, ["1m"]);
  run.outlet("aggregations").request(1);
  await send(run, ["1970-01-01T00:00:01Z", "1970-01-01T00:00:02Z"]);
  const { aggregations } = run.taken<AggregationChunk>("aggregations");
  assert.deepEqual(
    aggregations.map(({ derivator, type, value }) => [derivator, type, value]),
    [
      ["count", "tlong", 2],
      ["first", "date_tdouble", { datetime: 1_000, value: 1_000 }],
      ["last", "date_tdouble", { datetime: 2_000, value: 2_000 }],
      ["min", "tdouble", 1_000],
      ["max", "tdouble", 2_000],
      ["sum", "tdouble", 3_000],
      ["s_sum", "tdouble", 5_000_000],
    ],
  );
});

test("aggregations go out only once they are durable, and the receipt stays with their receiver", async () => {
  const run = aggregation({ outlets: ["aggregations"] });
  run.outlet("aggregations").request(1);
  run.store.hold();
  const followed = await send(run, ["2020-01-01T00:00:00Z"]);
  run.outlet("aggregations").expectNoMessage();
  run.input.expectNoRequest();
  run.store.release();
  await run.rest();
  const chunk = run.taken<AggregationChunk>("aggregations");
  assert.equal(followed.isSettled, false);
  chunk.receipt.release();
  assert.equal(followed.isSettled, true);
});

test("aggregation without subscribers settles an update when it is durable", async () => {
  const run = aggregation();
  run.store.hold();
  const followed = await send(run, ["2020-01-01T00:00:00Z"]);
  assert.equal(followed.isSettled, false);
  run.store.release();
  await run.rest();
  assert.equal(followed.isSettled, true);
  run.input.expectRequest();
});

test("aggregation takes no update while a subscriber does not want the one before", async () => {
  const run = aggregation({ outlets: ["aggregations"] });
  await send(run, ["2020-01-01T00:00:00Z"]);
  run.input.expectNoRequest();
  run.outlet("aggregations").request(1);
  run.input.expectRequest();
});

test("aggregation lets go of what a subscriber that went away did not take, and goes on", async () => {
  const run = aggregation({ outlets: ["aggregations"] });
  const followed = await send(run, ["2020-01-01T00:00:00Z"]);
  run.outlet("aggregations").cancel();
  assert.equal(followed.isSettled, true);
  const next = await send(run, ["2020-01-02T00:00:00Z"]);
  assert.equal(next.isSettled, true);
});

test("aggregation completes with upstream once its last update is durable and taken", async () => {
  const run = aggregation({ outlets: ["aggregations"] });
  run.store.hold();
  await send(run, ["2020-01-01T00:00:00Z"]);
  run.input.sendComplete();
  run.store.release();
  await run.rest();
  run.outlet("aggregations").expectNoMessage();
  run.outlet("aggregations").request(1);
  run.taken("aggregations");
  run.outlet("aggregations").expectComplete();
  await run.running.done;
  assertAllStopped(run.system);
});

test("aggregation fails with upstream and with the store, and receipts stay unsettled", async () => {
  const upstream = aggregation({ outlets: ["aggregations"] });
  upstream.store.hold();
  const waiting = await send(upstream, ["2020-01-01T00:00:00Z"]);
  const error = new Error("gone");
  upstream.input.sendError(error);
  upstream.outlet("aggregations").expectError(error);
  upstream.store.release();
  await upstream.rest();
  assert.equal(waiting.isSettled, false);
  assertAllStopped(upstream.system);

  const broken = aggregation();
  broken.store.broken = new EngineError("STORE_FAILED", "Cannot write to the store as it is full");
  const lost = await send(broken, ["2020-01-01T00:00:00Z"]);
  await assert.rejects(broken.running.done, broken.store.broken);
  broken.input.expectCancellation();
  assert.equal(lost.isSettled, false);
  assertAllStopped(broken.system);
});

test("aggregation started again over the same store goes on where the other stopped", async () => {
  const store = new GatedStore();
  const first = aggregation({ store });
  await send(first, ["2020-01-01T00:00:30Z"]);
  first.running.stop();
  const again = aggregation({ store, outlets: ["aggregations"] });
  again.outlet("aggregations").request(1);
  await send(again, ["2020-01-01T00:01:30Z"]);
  const { aggregations } = again.taken<AggregationChunk>("aggregations");
  const counts = aggregations.filter(({ derivator }) => derivator === "count");
  assert.deepEqual(
    counts.map(({ value }) => value),
    [1, 2, 2, 2],
  );
});

/** Records points of one series, as the message block does, and sends what follows from them. */
async function send(run: BlockRun, times: readonly string[]): Promise<FollowedReceipt> {
  const followed = new FollowedReceipt(times.length);
  const chunk = run.doubles(
    times.map((text) => Date.parse(text)),
    followed.receipt,
  );
  const sets = new DerivatorSets(builtInDerivators);
  const parts = { table: run.table, store: run.store.inner, sets, period: periodOf("1m"), hotSeriesMax: 10 };
  const recorder = new Recorder(parts);
  const recording = await recorder.record(batchOf(recorder, [chunk]));
  await recording.written;
  followed.receipt.durable(times.length);
  run.input.sendNext(new BucketUpdates({ table: run.table, ...recording, receipts: [followed.receipt] }));
  await run.rest();
  return followed;
}
