import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "vitest";
import type { ObservationChunk } from "../../../blocks/model/observation-chunk.ts";
import { MemoryBuffer } from "../../../connectors/memory/memory-buffer.ts";
import { BufferSink } from "../../../graphs/stages/buffer-sink.ts";
import { ActorSystem } from "../../../runtime/actors/actor-system.ts";
import { virtualClock } from "../../../runtime/clock/virtual-clock.ts";
import { Receipt, Tally } from "../../../runtime/receipt.ts";
import { Source } from "../../../runtime/streams/source.ts";
import { ObservationChunk as Chunk } from "../../../blocks/model/observation-chunk.ts";
import { type Fates, rows, table, valuesOf } from "./rows.ts";

function setUp(rowsMax = 1_000_000) {
  const clock = virtualClock();
  const buffer = new MemoryBuffer({ partitions: 1, rowsMax }, clock);
  const reader = buffer.reader("reader", 0);
  const running = Source.queue<ObservationChunk>(1_000)
    .to(new BufferSink(buffer))
    .runWatched(new ActorSystem({ clock }));
  const read: number[] = [];
  let how = "runs";
  running.done.then(
    () => {
      how = "completed";
    },
    (error: Error) => {
      how = error.message;
    },
  );
  return {
    clock,
    buffer,
    how: () => how,
    offer: (chunk: ObservationChunk) => {
      running.materialized.offer(chunk);
    },
    complete: () => running.materialized.complete(),
    /** Reads and commits one record. @returns whether there was one. */
    consume: async () => {
      const record = reader.read();
      if (record === undefined) return false;
      read.push(...record.chunks().flatMap(valuesOf));
      await reader.commit(record.position, new Tally());
      return true;
    },
    read,
  };
}

test("a receipt is settled once its rows are in the buffer", async () => {
  const { clock, offer, consume, read } = setUp();
  const fates: Fates = [];
  offer(rows([1, 2], fates));
  await clock.settle();
  assert.deepEqual(fates, ["1"]);
  await consume();
  assert.deepEqual(read, [1, 2]);
});

test("when the buffer is full, whoever redelivers is refused at once and the others wait for room, in order", async () => {
  const { clock, offer, consume, read } = setUp(2);
  const fates: Fates = [];
  offer(rows([1, 2], fates));
  await clock.settle();
  offer(rows([3], fates, true));
  await clock.settle();
  assert.deepEqual(fates, ["1", "3!"]);
  offer(rows([4], fates));
  offer(rows([5], fates));
  await clock.settle();
  assert.deepEqual(fates, ["1", "3!"]);
  await consume();
  await clock.settle();
  assert.deepEqual(fates, ["1", "3!", "4", "5"]);
  offer(rows([6], fates, true));
  while (await consume()) await clock.settle();
  await clock.settle();
  offer(rows([7], fates, true));
  await clock.settle();
  while (await consume()) await clock.settle();
  assert.deepEqual(read.slice(0, 4), [1, 2, 4, 5]);
  assert.equal(fates.at(-1), "7");
});

test("it completes once what waits for room is in the buffer, not before", async () => {
  const { clock, offer, complete, consume, how } = setUp(1);
  const fates: Fates = [];
  offer(rows([1], fates));
  await clock.settle();
  offer(rows([2], fates));
  complete();
  await clock.settle();
  assert.equal(how(), "runs");
  await consume();
  await clock.settle();
  assert.deepEqual(fates, ["1", "2"]);
  assert.equal(how(), "completed");
});

test("a chunk without rows is settled too", async () => {
  const { clock, offer, complete, how } = setUp();
  let settled = false;
  const receipt = new Receipt(
    0,
    () => {
      settled = true;
    },
    assert.fail,
  );
  const columns = { series: new Uint32Array(), time: new Float64Array(), values: new Float64Array() };
  offer(new Chunk(table, "float", 0, columns, receipt));
  await clock.settle();
  assert.equal(settled, true);
  complete();
  await clock.settle();
  assert.equal(how(), "completed");
});

test("a buffer that fails otherwise fails the receipts and the run", async () => {
  const { clock, buffer, offer, how } = setUp();
  const fates: Fates = [];
  await buffer.close();
  offer(rows([1], fates));
  await clock.settle();
  assert.deepEqual(fates, ["1!"]);
  assert.equal(how(), "Cannot use the buffer as it is closed");
});

test("whatever comes and goes, every receipt ends once, and what was settled is in the buffer, in order", async () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("offer" as const), size: fc.integer({ min: 1, max: 3 }), redelivers: fc.boolean() }),
    fc.record({ kind: fc.constant("consume" as const), size: fc.constant(0), redelivers: fc.constant(false) }),
    fc.record({ kind: fc.constant("rest" as const), size: fc.constant(0), redelivers: fc.constant(false) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.integer({ min: 1, max: 5 }), async (steps, rowsMax) => {
      const { clock, offer, consume, read } = setUp(rowsMax);
      const fates: Fates = [];
      const chunks = new Map<string, number[]>();
      const patient: string[] = [];
      let next = 0;
      for (const { kind, size, redelivers } of steps) {
        if (kind === "offer") {
          const values = Array.from({ length: size }, () => next++);
          chunks.set(String(values[0]), values);
          if (!redelivers) patient.push(String(values[0]));
          offer(rows(values, fates, redelivers));
        } else if (kind === "consume") await consume();
        else await clock.settle();
      }
      for (let round = 0; round < steps.length + 2; round += 1) {
        await clock.settle();
        await consume();
      }
      const settled = fates.filter((fate) => !fate.endsWith("!"));
      assert.equal(new Set(fates.map((fate) => fate.replace("!", ""))).size, fates.length);
      assert.equal(fates.length, chunks.size);
      assert.ok(patient.every((name) => settled.includes(name)));
      assert.deepEqual(
        read,
        settled.flatMap((name) => chunks.get(name) ?? []),
      );
      const inOrder = [...settled].sort((a, b) => Number(a) - Number(b));
      assert.deepEqual(settled, inOrder);
    }),
    { numRuns: 100 },
  );
});
