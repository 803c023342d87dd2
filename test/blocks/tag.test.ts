import assert from "node:assert/strict";
import { test } from "vitest";
import { tagBlock } from "../../blocks/tag.ts";
import { TagUpdates } from "../../blocks/rollup/updates.ts";
import { EngineError } from "../../runtime/errors.ts";
import { assertAllStopped } from "../../runtime/streams/probes/assert-all-stopped.ts";
import { BlockRun, FollowedReceipt } from "./block-run.ts";

test("tag completes at once where nothing came", async () => {
  const run = new BlockRun(tagBlock, {});
  run.input.sendComplete();
  await run.rest();
  await run.running.done;
  assertAllStopped(run.system);
});

test("tag notes the shards that points lie in, and none between", async () => {
  const run = new BlockRun(tagBlock, { sharder: "month" });
  await send(run, "flow", ["2019-11-30T23:59:59.999Z", "2020-03-01T00:00:00.000Z", "2020-03-31T23:59:59.999Z"]);
  assert.deepEqual(await shards(run, "flow"), ["2019-11", "2020-03"]);
});

test("the tag index is the same whether points come together or apart", async () => {
  const times = ["0001-01-01T00:00:00Z", "1969-12-31T23:59:59.999Z", "1970-01-01T00:00:00Z", "2020-02-29T12:00:00Z"];
  const together = new BlockRun(tagBlock, { sharder: "day" });
  await send(together, "flow", times);
  const apart = new BlockRun(tagBlock, { sharder: "day" });
  for (const time of times) await send(apart, "flow", [time]);
  const expected = ["0001-01-01", "1969-12-31", "1970-01-01", "2020-02-29"];
  assert.deepEqual(await shards(together, "flow"), expected);
  assert.deepEqual(await shards(apart, "flow"), expected);
});

test("tag shards by day and by month as TSorage does, borders included", async () => {
  const times = ["2019-08-09T12:34:56Z", "2019-08-10T00:00:00Z", "2019-09-01T00:00:00Z"];
  const byDay = new BlockRun(tagBlock, { sharder: "day" });
  await send(byDay, "flow", times);
  assert.deepEqual(await shards(byDay, "flow"), ["2019-08-09", "2019-08-10", "2019-09-01"]);
  const byMonth = new BlockRun(tagBlock, { sharder: "month" });
  await send(byMonth, "flow", times);
  assert.deepEqual(await shards(byMonth, "flow"), ["2019-08", "2019-09"]);
});

test("tag writes a shard once, and again when it was forgotten", async () => {
  const run = new BlockRun(tagBlock, { sharder: "day", tag_cache: 2 });
  await send(run, "flow", ["2020-01-01T00:00:00Z"]);
  await send(run, "flow", ["2020-01-01T23:00:00Z"]);
  assert.equal(run.store.writes.length, 1);
  await send(run, "flow", ["2020-01-02T00:00:00Z"]);
  await send(run, "flow", ["2020-01-01T12:00:00Z"]);
  assert.equal(run.store.writes.length, 2);
  await send(run, "level", ["2020-01-01T00:00:00Z"]);
  await send(run, "flow", ["2020-01-01T00:00:00Z"]);
  assert.equal(run.store.writes.length, 4);
});

test("tag keeps receipts until their update is durable, and pulls no other meanwhile", async () => {
  const run = new BlockRun(tagBlock, {});
  run.store.hold();
  const followed = await send(run, "flow", ["2020-01-01T00:00:00Z"]);
  run.input.expectNoRequest();
  assert.equal(followed.isSettled, false);
  run.store.release();
  await run.rest();
  assert.equal(followed.isSettled, true);
  run.input.expectRequest();
});

test("tag lets go of the receipts of what it has written already", async () => {
  const run = new BlockRun(tagBlock, {});
  await send(run, "flow", ["2020-01-01T00:00:00Z"]);
  run.store.hold();
  const followed = await send(run, "flow", ["2020-01-02T00:00:00Z"]);
  assert.equal(followed.isSettled, true);
});

test("tag completes with upstream once its last update is durable", async () => {
  const run = new BlockRun(tagBlock, {});
  run.store.hold();
  const followed = await send(run, "flow", ["2020-01-01T00:00:00Z"]);
  run.input.sendComplete();
  await run.rest();
  assert.deepEqual([run.system.running.length, followed.isSettled], [1, false]);
  run.store.release();
  await run.rest();
  await run.running.done;
  assert.equal(followed.isSettled, true);
  assertAllStopped(run.system);
});

test("tag fails with upstream and with the store, and receipts stay unsettled", async () => {
  const upstream = new BlockRun(tagBlock, {});
  upstream.store.hold();
  const waiting = await send(upstream, "flow", ["2020-01-01T00:00:00Z"]);
  upstream.input.sendError(new Error("gone"));
  await upstream.rest();
  await assert.rejects(upstream.running.done, { message: "gone" });
  upstream.store.release();
  await upstream.rest();
  assert.equal(waiting.isSettled, false);

  const broken = new BlockRun(tagBlock, {});
  broken.store.broken = new EngineError("STORE_FAILED", "Cannot write to the store as it is full");
  const lost = await send(broken, "flow", ["2020-01-01T00:00:00Z"]);
  await assert.rejects(broken.running.done, broken.store.broken);
  broken.input.expectCancellation();
  assert.equal(lost.isSettled, false);
});

async function send(run: BlockRun, metric: string, times: readonly string[]): Promise<FollowedReceipt> {
  const followed = new FollowedReceipt(0);
  const { index } = run.table.intern(metric, {}, "tdouble");
  const time = Float64Array.from(times, (text) => Date.parse(text));
  run.input.sendNext(new TagUpdates(run.table, [{ series: index, time }], [followed.receipt]));
  await run.rest();
  return followed;
}

async function shards(run: BlockRun, metric: string): Promise<string[]> {
  return run.store.inner.shards(run.table.intern(metric, {}, "tdouble"));
}
