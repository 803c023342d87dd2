import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "vitest";
import { ObservationChunk } from "../../../blocks/model/observation-chunk.ts";
import { SeriesTable } from "../../../blocks/model/series.ts";
import { type DiskBuffer, type DiskBufferOptions, openDiskBuffer } from "../../../connectors/embedded/disk-buffer.ts";
import { readOwner } from "../../../connectors/embedded/folder-lock.ts";
import { systemClock } from "../../../runtime/clock/system-clock.ts";
import { Receipt, Tally } from "../../../runtime/receipt.ts";
import { temporaryFolder } from "./temporary-folder.ts";

let folder: { path: string; remove: () => Promise<void> };
let table: SeriesTable;
beforeEach(async () => {
  folder = await temporaryFolder();
  table = new SeriesTable();
});
afterEach(() => folder.remove());

const usual: DiskBufferOptions = { partitions: 1, rowsMax: 1e9, bytesMax: 1e9, seriesMax: 1000 };
const open = (options: Partial<DiskBufferOptions> = {}) =>
  openDiskBuffer(folder.path, { ...usual, ...options }, { clock: systemClock, table });

function chunk(metric: string, rows: number, first = 0): ObservationChunk {
  const columns = {
    series: new Uint32Array(rows).fill(table.intern(metric, {}, "tdouble").index),
    time: Float64Array.from({ length: rows }, (_, i) => first + i),
    values: new Float64Array(rows),
  };
  const ignore = () => {};
  return new ObservationChunk(table, "float", rows, columns, new Receipt(rows, ignore, ignore));
}

function positions(buffer: DiskBuffer, consumer: string): [position: number, rows: number][] {
  const reader = buffer.reader(consumer, 0);
  const found: [number, number][] = [];
  for (let record = reader.read(); record !== undefined; record = reader.read()) {
    found.push([record.position, record.rows]);
  }
  return found;
}

function settled(rows: number): Tally {
  const tally = new Tally();
  tally.entered = rows;
  tally.durable = rows;
  return tally;
}

test("a record keeps when it entered, and later ones entered later, though the clock was set back", async () => {
  const clock = { ...systemClock, now: () => now };
  let now = 5_000;
  const reopen = () => openDiskBuffer(folder.path, usual, { clock, table });
  const entered = (buffer: DiskBuffer) => {
    const reader = buffer.reader("a", 0);
    const found: (number | undefined)[] = [];
    for (let record = reader.read(); record !== undefined; record = reader.read()) found.push(record.enteredAt);
    return found;
  };
  let buffer = await reopen();
  await buffer.append([chunk("m", 1, 1)]);
  await buffer.append([chunk("m", 1, 2)]);
  assert.deepEqual(entered(buffer), [5_000, 5_001]);
  await buffer.close();
  now = 1_000;
  buffer = await reopen();
  await buffer.append([chunk("m", 1, 3)]);
  assert.deepEqual(entered(buffer), [5_000, 5_001, 5_002]);
  await buffer.reader("a", 0).commit(3, settled(3));
  await buffer.close();
  buffer = await reopen();
  await buffer.append([chunk("m", 1, 4)]);
  assert.deepEqual(entered(buffer), [5_003]);
  await buffer.close();
});

test("the appends of one turn are one record", async () => {
  const buffer = await open();
  await Promise.all([1, 2, 3].map((time) => buffer.append([chunk("m", 1, time)])));
  assert.deepEqual(positions(buffer, "a"), [[1, 3]]);
  await buffer.append([chunk("m", 1, 4)]);
  assert.deepEqual(positions(buffer, "a"), [
    [1, 3],
    [2, 1],
  ]);
  await buffer.close();
});

test("a record has at most 65,536 rows", async () => {
  const buffer = await open();
  await buffer.append([chunk("m", 65_536)]);
  await buffer.append([chunk("m", 65_537), chunk("n", 65_536)]);
  assert.deepEqual(positions(buffer, "a"), [
    [1, 65_536],
    [2, 65_536],
    [3, 65_536],
    [4, 1],
  ]);
  await buffer.close();
});

test("it is full at its size in bytes too", async () => {
  const buffer = await open({ bytesMax: 2000 });
  await buffer.append([chunk("m", 50)]);
  assert.equal(buffer.full, false);
  await buffer.append([chunk("m", 50)]);
  assert.equal(buffer.full, true);
  await assert.rejects(buffer.append([chunk("m", 1)]), { code: "BUFFER_FULL" });
  await buffer.close();
  const again = await open({ bytesMax: 2000 });
  assert.equal(again.full, true);
  await again.close();
});

test("what waits for the disk counts towards the limit", async () => {
  const buffer = await open({ rowsMax: 10 });
  const first = buffer.append([chunk("m", 10)]);
  assert.equal(buffer.full, true);
  await assert.rejects(buffer.append([chunk("m", 1)]), { code: "BUFFER_FULL" });
  await first;
  assert.equal(buffer.depth().rows, 10);
  await buffer.close();
});

test("consumers that are not retained hold nothing any more", async () => {
  const buffer = await open();
  const kept = buffer.reader("kept", 0);
  const gone = buffer.reader("gone", 0);
  for (const time of [1, 2, 3]) await buffer.append([chunk("m", 1, time)]);
  await kept.commit(2, settled(2));
  assert.equal(buffer.depth().records, 3);
  await buffer.retain(["kept", "never seen"]);
  assert.equal(buffer.depth().records, 1);
  assert.equal(gone.read(), undefined);
  await assert.rejects(gone.commit(3, settled(3)), { code: "STREAM_STOPPED" });
  await buffer.close();
  const again = await open();
  assert.deepEqual([...(again.books()[0]?.consumers.keys() ?? [])], ["kept"]);
  assert.deepEqual(positions(again, "kept"), [[3, 1]]);
  await again.close();
});

test("a consumer that joins while a removal is on its way starts at what is left", async () => {
  const buffer = await open();
  const reader = buffer.reader("a", 0);
  for (const time of [1, 2]) await buffer.append([chunk("m", 1, time)]);
  const commit = reader.commit(1, settled(1));
  await new Promise<void>((resolve) => systemClock.soon(resolve));
  buffer.reader("late", 0);
  await commit;
  assert.equal(buffer.books()[0]?.consumers.get("late")?.pending, buffer.depth().rows);
  await buffer.close();
});

test("the place of a consumer that committed nothing yet survives", async () => {
  const buffer = await open();
  const fast = buffer.reader("fast", 0);
  buffer.reader("slow", 0);
  await buffer.append([chunk("m", 5)]);
  await buffer.close();
  const again = await open();
  assert.deepEqual([...(again.books()[0]?.consumers.keys() ?? [])], ["fast", "slow"]);
  fast.close();
  await again.reader("fast", 0).commit(1, settled(5));
  assert.equal(again.depth().rows, 5);
  await again.close();
});

test("the number of partitions is refused to change while there are records", async () => {
  const buffer = await open();
  const reader = buffer.reader("a", 0);
  await buffer.append([chunk("m", 5)]);
  await buffer.close();
  await assert.rejects(open({ partitions: 4 }), {
    code: "SETTING_INVALID",
    message: /with 4 partitions as its records are in 1/,
  });
  assert.equal(await readOwner(folder.path), undefined);
  reader.close();
  const same = await open();
  await same.reader("a", 0).commit(1, settled(5));
  await same.close();
  const four = await open({ partitions: 4 });
  assert.equal(four.books().length, 4);
  await four.append(["a", "b", "c", "d", "e"].map((metric) => chunk(metric, 1)));
  assert.equal(four.depth().rows, 5);
  await four.close();
});

test("a new series beyond the limit is refused, and forgotten ones make room once there are no records", async () => {
  const buffer = await open({ seriesMax: 2 });
  buffer.reader("a", 0);
  await buffer.append([chunk("m", 1), chunk("n", 1)]);
  await assert.rejects(buffer.append([chunk("o", 1)]), { code: "SERIES_LIMIT" });
  await buffer.append([chunk("m", 1)]);
  await buffer.close();
  const same = await open({ seriesMax: 2 });
  await assert.rejects(same.append([chunk("o", 1)]), { code: "SERIES_LIMIT" });
  await same.reader("a", 0).commit(2, settled(3));
  await same.close();
  const empty = await open({ seriesMax: 2 });
  await empty.append([chunk("o", 1)]);
  assert.deepEqual(positions(empty, "a"), [[3, 1]]);
  await empty.close();
});

test("a folder has one owner", async () => {
  const buffer = await open();
  await assert.rejects(open(), { code: "FOLDER_IN_USE" });
  await buffer.close();
  assert.equal(await readOwner(folder.path), undefined);
});
