import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "vitest";
import type { ObservationChunk } from "../../../blocks/model/observation-chunk.ts";
import { MemoryBuffer } from "../../../connectors/memory/memory-buffer.ts";
import { BufferSource } from "../../../graphs/stages/buffer-source.ts";
import { ActorSystem } from "../../../runtime/actors/actor-system.ts";
import { virtualClock } from "../../../runtime/clock/virtual-clock.ts";
import { Keep } from "../../../runtime/streams/keep.ts";
import { Sink } from "../../../runtime/streams/sink.ts";
import { Source } from "../../../runtime/streams/source.ts";
import { rows, settle, valuesOf } from "./rows.ts";

function setUp() {
  const clock = virtualClock();
  const buffer = new MemoryBuffer({ partitions: 1, rowsMax: 1_000_000 }, clock);
  const system = new ActorSystem({ clock });
  const source = (inFlightMax: number) =>
    Source.fromStage(new BufferSource(() => buffer.reader("reader", 0), inFlightMax));
  return {
    clock,
    buffer,
    append: (...values: number[]) => buffer.append([rows(values)]),
    pending: () => buffer.books()[0]?.consumers.get("reader")?.pending,
    /** Takes whatever comes. */
    read(inFlightMax = 1_000) {
      const chunks: ObservationChunk[] = [];
      const sink = Sink.foreach<ObservationChunk>((chunk) => {
        chunks.push(chunk);
      });
      const running = source(inFlightMax).toMat(sink, Keep.left).runWatched(system);
      return { chunks, running, control: running.materialized, seen: () => chunks.flatMap(valuesOf) };
    },
  };
}

function ended(done: Promise<void>): () => string {
  let how = "runs";
  done.then(
    () => {
      how = "completed";
    },
    (error: Error) => {
      how = error.message;
    },
  );
  return () => how;
}

test("an empty buffer emits nothing, and what is appended later is read at once", async () => {
  const { clock, append, read } = setUp();
  const { seen } = read();
  await clock.settle();
  assert.deepEqual(seen(), []);
  await append(1, 2);
  await append(3);
  await clock.settle();
  assert.deepEqual(seen(), [1, 2, 3]);
});

test("a position is committed only when nothing before it is unsettled", async () => {
  const { clock, append, read, pending } = setUp();
  for (const value of [1, 2, 3]) await append(value);
  const { chunks } = read();
  await clock.settle();
  const [first, second, third] = chunks;
  assert.ok(first && second && third);
  settle(third);
  settle(second);
  await clock.settle();
  assert.equal(pending(), 3);
  settle(first);
  await clock.settle();
  assert.equal(pending(), 0);
});

test("whatever the order of settling, what is committed is the longest settled prefix, and the books balance", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 12 }),
      fc.infiniteStream(fc.nat()),
      async (sizes, choices) => {
        const { clock, buffer, append, read, pending } = setUp();
        for (const size of sizes) await append(...Array.from({ length: size }, (_, row) => row));
        const { chunks } = read();
        await clock.settle();
        const left = chunks.map((chunk, index) => ({ chunk, index }));
        while (left.length > 0) {
          const [picked] = left.splice((choices.next().value ?? 0) % left.length, 1);
          assert.ok(picked);
          settle(picked.chunk);
          await clock.settle();
          const lowest = left.reduce((least, { index }) => Math.min(least, index), sizes.length);
          assert.equal(
            pending(),
            sizes.slice(lowest).reduce((sum, size) => sum + size, 0),
          );
        }
        const total = sizes.reduce((sum, size) => sum + size, 0);
        const settled = buffer.books()[0]?.consumers.get("reader")?.settled;
        assert.deepEqual([settled?.entered, settled?.durable], [total, total]);
      },
    ),
    { numRuns: 50 },
  );
});

test("after a failure the next run reads again from the last commit, and nothing is settled twice in the books", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 8 }), fc.nat(7), async (records, settledFirst) => {
      const { clock, buffer, append, read, pending } = setUp();
      for (let value = 0; value < records; value += 1) await append(value);
      const first = read();
      const how = ended(first.running.done);
      await clock.settle();
      const before = Math.min(settledFirst, records - 1);
      for (const chunk of first.chunks.slice(0, before)) settle(chunk);
      await clock.settle();
      first.chunks[before]?.receipt.fail(new Error("the disk is full"));
      // Too late to count: the run is over.
      for (const chunk of first.chunks.slice(before + 1)) settle(chunk);
      await clock.settle();
      assert.equal(how(), "the disk is full");
      assert.equal(pending(), records - before);

      const second = read();
      await clock.settle();
      assert.deepEqual(
        second.seen(),
        Array.from({ length: records - before }, (_, index) => before + index),
      );
      for (const chunk of second.chunks) settle(chunk);
      await clock.settle();
      const settled = buffer.books()[0]?.consumers.get("reader")?.settled;
      assert.deepEqual([pending(), settled?.entered, settled?.durable], [0, records, records]);
    }),
    { numRuns: 30 },
  );
});

test("no more rows are read than may be in flight, and one record beyond", async () => {
  const { clock, append, read } = setUp();
  for (let value = 0; value < 6; value += 1) await append(value, value);
  const { seen, chunks } = read(4);
  await clock.settle();
  assert.equal(seen().length, 4);
  const [first] = chunks;
  assert.ok(first);
  settle(first);
  await clock.settle();
  assert.equal(seen().length, 6);
});

test("stop reads nothing more, and completes once what was read is committed", async () => {
  const { clock, append, read, pending } = setUp();
  await append(1);
  await append(2);
  const { chunks, control, running } = read(1);
  const how = ended(running.done);
  await clock.settle();
  control.stop();
  await clock.settle();
  assert.equal(how(), "runs");
  const [first] = chunks;
  assert.ok(first);
  settle(first);
  await clock.settle();
  assert.equal(how(), "completed");
  assert.deepEqual([chunks.length, pending()], [1, 1]);
});

test("stop completes at once where nothing is in flight", async () => {
  const { clock, read } = setUp();
  const { running, control } = read();
  const how = ended(running.done);
  await clock.settle();
  control.stop();
  await clock.settle();
  assert.equal(how(), "completed");
});

test("drain does not end at a commit while there is more to read", async () => {
  const { clock, append, buffer, pending } = setUp();
  for (const value of [1, 2, 3]) await append(value);
  const system = new ActorSystem({ clock });
  const taken: ObservationChunk[] = [];
  const queue = Source.fromStage(new BufferSource(() => buffer.reader("reader", 0), 1_000))
    .toMat(Sink.queue<ObservationChunk>(1), (control, sink) => ({ control, sink }))
    .runWatched(system);
  const how = ended(queue.done);
  const { control, sink } = queue.materialized;
  const take = async () => {
    const pulled = sink.pull();
    await clock.settle();
    const chunk = await pulled;
    if (chunk !== undefined) taken.push(chunk);
    return chunk;
  };
  const first = await take();
  assert.ok(first);
  control.drain();
  await clock.settle();
  settle(first);
  await clock.settle();
  for (let chunk = await take(); chunk !== undefined; chunk = await take()) settle(chunk);
  await clock.settle();
  assert.deepEqual(taken.flatMap(valuesOf), [1, 2, 3]);
  assert.equal(pending(), 0);
  assert.equal(how(), "completed");
});

test("drain goes on beyond what may be in flight at once", async () => {
  const { clock, append, read, pending } = setUp();
  for (let value = 0; value < 5; value += 1) await append(value);
  const { control, chunks, running } = read(2);
  const how = ended(running.done);
  control.drain();
  let settled = 0;
  for (let round = 0; round < 5; round += 1) {
    await clock.settle();
    for (; settled < chunks.length; settled += 1) settle(chunks[settled] as ObservationChunk);
  }
  await clock.settle();
  assert.equal(chunks.length, 5);
  assert.equal(pending(), 0);
  assert.equal(how(), "completed");
});

test("whenCaughtUp waits for what the buffer held at the call, and for no more", async () => {
  const { clock, append, read } = setUp();
  await append(1);
  await append(2);
  const { chunks, control } = read();
  await clock.settle();
  let caughtUp = false;
  control.whenCaughtUp(() => {
    caughtUp = true;
  });
  await clock.settle();
  await append(3);
  await clock.settle();
  const [first, second] = chunks;
  assert.ok(first && second);
  settle(first);
  await clock.settle();
  assert.equal(caughtUp, false);
  settle(second);
  await clock.settle();
  assert.equal(caughtUp, true);
});

test("whenCaughtUp answers at once where everything is committed", async () => {
  const { clock, read } = setUp();
  const { control } = read();
  await clock.settle();
  let caughtUp = false;
  control.whenCaughtUp(() => {
    caughtUp = true;
  });
  await clock.settle();
  assert.equal(caughtUp, true);
});
