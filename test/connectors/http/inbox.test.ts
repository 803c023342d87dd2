import { expect, test } from "vitest";
import { ChunkBuilder } from "../../../blocks/model/chunk-builder.ts";
import type { ObservationChunk } from "../../../blocks/model/observation-chunk.ts";
import { SeriesTable } from "../../../blocks/model/series.ts";
import { Inbox } from "../../../connectors/http/inbox.ts";
import { virtualClock } from "../../../runtime/clock/virtual-clock.ts";

const table = new SeriesTable();

function setUp(waitingMax = 2) {
  const clock = virtualClock();
  const inbox = new Inbox({ waitingMax, responseTimeoutMs: 1_000 }, clock);
  let settled = 0;
  const submit = (metric = "a") => {
    const builder = new ChunkBuilder(table);
    builder.add(table.intern(metric, {}, "tdouble"), 0, 1);
    return inbox.submit(
      1,
      (receipt) => builder.build(receipt),
      () => {
        settled += 1;
      },
    );
  };
  return { clock, inbox, submit, settled: () => settled };
}

async function taken(inbox: Inbox): Promise<ObservationChunk> {
  const next = await inbox.next();
  if (next.done === true) throw new Error("the inbox has ended");
  return next.value;
}

test("a sender is told once its receipt is settled, not before", async () => {
  const { clock, inbox, submit, settled } = setUp();
  let told = false;
  const done = submit().then(() => {
    told = true;
  });
  const { receipt } = await taken(inbox);
  await clock.settle();
  expect([told, settled()]).toEqual([false, 0]);
  receipt.durable(1);
  receipt.release();
  await done;
  expect([told, settled(), inbox.unsettled, clock.pendingTimers]).toEqual([true, 1, 0, 0]);
});

test("a receipt that fails is a 503", async () => {
  const { inbox, submit, settled } = setUp();
  const done = submit();
  (await taken(inbox)).receipt.fail(new Error("the store is gone"));
  await expect(done).rejects.toMatchObject({ status: 503 });
  expect([settled(), inbox.unsettled]).toEqual([1, 0]);
});

test("a receipt says that its sender repeats what was refused, so that a full buffer refuses it at once", async () => {
  const { inbox, submit } = setUp();
  void submit();
  expect((await taken(inbox)).receipt.redelivers).toBe(true);
});

test("a sender that waited for the timeout is told 503, one millisecond before it still waits", async () => {
  const { clock, inbox, submit, settled } = setUp();
  let status = 0;
  const done = submit().catch((fault) => {
    status = fault.status;
  });
  const { receipt } = await taken(inbox);
  clock.advance(999);
  await clock.settle();
  expect(status).toBe(0);
  clock.advance(1);
  await done;
  expect(status).toBe(503);
  // Its rows are still held, so it still counts.
  expect([settled(), inbox.unsettled]).toEqual([0, 1]);
  receipt.release();
  expect([settled(), inbox.unsettled]).toEqual([1, 0]);
});

test("as many requests as may wait are taken, one more is a 503 until one is settled", async () => {
  const { inbox, submit } = setUp(2);
  const first = submit();
  void submit();
  expect(() => inbox.checkRoom()).toThrow(expect.objectContaining({ status: 503 }));
  await expect(submit()).rejects.toMatchObject({ status: 503 });
  (await taken(inbox)).receipt.release();
  await first;
  expect(() => inbox.checkRoom()).not.toThrow();
});

test("chunks come in the order of the requests, also to a reader that was there first", async () => {
  const { inbox, submit } = setUp(3);
  const first = taken(inbox);
  for (const metric of ["x", "y", "z"]) void submit(metric);
  const metrics = [];
  for (const chunk of [await first, await taken(inbox), await taken(inbox)]) {
    metrics.push(table.at(chunk.series[0] ?? -1).metric);
  }
  expect(metrics).toEqual(["x", "y", "z"]);
});

test("closing answers everyone who waits with 503, ends the reader, and takes nothing more", async () => {
  const { clock, inbox, submit } = setUp();
  const reading = [submit(), submit()];
  await taken(inbox);
  inbox.close();
  for (const one of reading) await expect(one).rejects.toMatchObject({ status: 503 });
  expect((await inbox.next()).done).toBe(true);
  await expect(submit()).rejects.toMatchObject({ status: 503 });
  expect(clock.pendingTimers).toBe(0);
});

test("a reader that waits ends when the inbox is closed", async () => {
  const { inbox } = setUp();
  const next = inbox.next();
  inbox.close();
  expect((await next).done).toBe(true);
});
