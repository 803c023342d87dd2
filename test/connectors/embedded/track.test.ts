import assert from "node:assert/strict";
import fc from "fast-check";
import { afterAll, beforeAll, test } from "vitest";
import { aligned, decodeChunk } from "../../../blocks/model/rows/chunk.ts";
import { Environment, type KeyValues } from "../../../connectors/embedded/environment.ts";
import type { Rows } from "../../../blocks/model/rows/rows.ts";
import { Tails } from "../../../connectors/embedded/tails.ts";
import { type ChunkLimits, Track } from "../../../connectors/embedded/track.ts";
import { TransactionPlan, ValueMemories } from "../../../connectors/embedded/transaction-plan.ts";
import { temporaryFolder } from "./temporary-folder.ts";

let folder: { path: string; remove: () => Promise<void> };
let environment: Environment;
let chunks: KeyValues;
let tracks = 0;
const tails = new Tails();
beforeAll(async () => {
  folder = await temporaryFolder();
  environment = await Environment.open({ path: folder.path, format: "track test", readOnly: false });
  chunks = environment.table("chunks");
});
afterAll(async () => {
  await environment.close();
  await folder.remove();
});

const small: ChunkLimits = { joinRows: 4, joinBytes: 400, cutRows: 8, cutBytes: 500, splitRows: 16, splitBytes: 1000 };
const everything = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] as const;

function newTrack(limits = small): { track: Track; series: number } {
  tracks += 1;
  return { track: new Track(chunks, tracks, 0, limits, tails), series: tracks };
}

/** Each row carries its time and the number of its write, and a blob of `blobBytes` where that is not 0. */
function rowsAt(times: readonly number[], write: number, blobBytes = 0): Rows {
  const floats = Float64Array.from(times.flatMap((time) => [time, write]));
  return {
    time: Float64Array.from(times),
    stride: 2,
    words: new Uint32Array(floats.buffer),
    blobs: blobBytes === 0 ? undefined : times.map((time) => new Uint8Array(blobBytes).fill(time)),
  };
}

/** Row counts of the chunks in order; fails where two overlap. */
function countsOf(series: number): number[] {
  const key = (number: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(number);
    return bytes;
  };
  const counts: number[] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (const { value } of chunks.getRange({ start: key(series), end: key(series + 1) })) {
    const { time } = decodeChunk(aligned(value));
    assert.ok(time.length > 0);
    for (const one of time) {
      assert.ok(one > last, `${one} stands after ${last}`);
      last = one;
    }
    counts.push(time.length);
  }
  return counts;
}

const memories = new ValueMemories();

async function write(track: Track, rows: Rows): Promise<void> {
  const plan = new TransactionPlan(memories);
  tails.begin();
  track.write(rows, plan);
  tails.submitted();
  await environment.commit(plan.operations);
  tails.settled();
  plan.release();
}

const times = (from: number, count: number, step = 1) => Array.from({ length: count }, (_, i) => from + i * step);

test("appended rows join the last chunk until it is large enough, and start the next one then", async () => {
  const { track, series } = newTrack();
  for (const [time, counts] of [[1], [2], [3], [4], [4, 1], [4, 2]].entries()) {
    await write(track, rowsAt([time], 0));
    assert.deepEqual(countsOf(series), counts);
  }
  assert.equal(track.newest(), 5);
});

test("a write that was not committed leaves the next one the last chunk that was", async () => {
  const { track, series } = newTrack();
  await write(track, rowsAt(times(0, 4), 0));
  tails.begin();
  track.write(rowsAt(times(4, 4), 0), new TransactionPlan(memories));
  tails.submitted();
  tails.failed();
  await write(track, rowsAt([8, 9], 1));
  await write(track, rowsAt([9, 10], 2));
  assert.deepEqual(countsOf(series), [4, 3]);
});

test("a large append is cut, after the last chunk was filled", async () => {
  const { track, series } = newTrack();
  await write(track, rowsAt([1, 2, 3], 0));
  await write(track, rowsAt(times(4, 5), 0, 0));
  assert.deepEqual(countsOf(series), [8]);
  await write(track, rowsAt(times(9, 20), 0));
  assert.deepEqual(countsOf(series), [8, 8, 8, 4]);
});

test("late rows go into the chunk they fall into, which is split when it is too large", async () => {
  const { track, series } = newTrack();
  await write(track, rowsAt(times(0, 16, 10), 0));
  assert.deepEqual(countsOf(series), [8, 8]);
  await write(track, rowsAt([5, 75, 85], 1));
  assert.deepEqual(countsOf(series), [10, 9]);
  await write(track, rowsAt([1, 2, 3, 4, 6, 7], 2));
  assert.deepEqual(countsOf(series), [16, 9]);
  await write(track, rowsAt([8], 2));
  assert.deepEqual(countsOf(series), [8, 8, 1, 9]);
});

test("rows before the first chunk go into it and move its key", async () => {
  const { track, series } = newTrack();
  await write(track, rowsAt(times(0, 8), 0));
  await write(track, rowsAt([-5, -3], 1));
  assert.deepEqual(countsOf(series), [10]);
  assert.deepEqual([...track.read(-4, 1).time], [-3, 0]);
});

test("rows with large blobs are cut by size", async () => {
  const { track, series } = newTrack();
  await write(track, rowsAt(times(0, 6), 0, 200));
  assert.deepEqual(countsOf(series), [2, 2, 2]);
  await write(track, rowsAt(times(6, 2), 0, 2000));
  assert.deepEqual(countsOf(series), [2, 2, 2, 1, 1]);
});

test("neighbouring series do not see each other's rows", async () => {
  const [a, b, c] = [newTrack(), newTrack(), newTrack()];
  await write(a.track, rowsAt([5], 0));
  await write(c.track, rowsAt([5], 0));
  assert.equal(b.track.newest(), Number.NEGATIVE_INFINITY);
  assert.equal(b.track.read(...everything).time.length, 0);
  await write(b.track, rowsAt([1, 9], 0));
  assert.deepEqual([...b.track.read(...everything).time], [1, 9]);
  assert.deepEqual([...a.track.read(...everything).time], [5]);
});

test("after any writes the chunks are apart, bounded, and hold the last write of each time", async () => {
  const run = fc.record({
    first: fc.integer({ min: -60, max: 60 }),
    step: fc.integer({ min: 1, max: 5 }),
    count: fc.integer({ min: 1, max: 30 }),
    blobBytes: fc.constantFrom(0, 0, 3, 90),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(run, { minLength: 1, maxLength: 12 }), async (runs) => {
      const { track, series } = newTrack();
      const model = new Map<number, number>();
      for (const [number, { first, step, count, blobBytes }] of runs.entries()) {
        await write(track, rowsAt(times(first, count, step), number, blobBytes));
        for (const time of times(first, count, step)) model.set(time, number);
        assert.ok(countsOf(series).every((rows) => rows <= small.splitRows));
      }
      const expected = [...model].sort(([a], [b]) => a - b);
      const { time, words } = track.read(...everything);
      const cells = new Float64Array(words.buffer, words.byteOffset, words.length / 2);
      assert.deepEqual(
        [...time],
        expected.map(([at]) => at),
      );
      assert.deepEqual([...cells], expected.flat());
    }),
    { numRuns: 60 },
  );
});
