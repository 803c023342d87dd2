import assert from "node:assert/strict";
import { test } from "vitest";
import { SeriesTable } from "../../../blocks/model/series.ts";
import { openDiskBuffer } from "../../../connectors/embedded/disk-buffer.ts";
import { openEmbeddedStore } from "../../../connectors/embedded/embedded-store.ts";
import { systemClock } from "../../../runtime/clock/system-clock.ts";
import { linesUntilKilled } from "./killed-writer.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** Acknowledgements before each kill: at once, early, and well under way. */
const kills = [1, 2, 3, 5, 8, 21, 60, 111, 230, 333];

test("whatever the embedded store acknowledged is there after SIGKILL, and nothing is half there", async () => {
  const folder = await temporaryFolder();
  let next = 0;
  for (const linesMax of kills) {
    const lines = await linesUntilKilled("store-writer.ts", [folder.path, `${next}`], linesMax);
    assert.ok(lines.length >= linesMax);
    const acknowledged = Number(lines.at(-1));
    const store = await openEmbeddedStore(folder.path);
    const all = await store.find({ tags: new Map() });
    assert.equal(all.length, 5);
    const [newest = 0] = await store.newest(all.slice(0, 1));
    next = Math.floor(newest / 10) + 1;
    assert.ok(next > acknowledged, `${acknowledged} was acknowledged, ${next - 1} is the last one there`);
    const ranges = all.map((series) => ({ series, from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY }));
    for (const { time, values } of await store.readObservations(ranges)) {
      assert.deepEqual(
        time,
        Float64Array.from({ length: next * 10 }, (_, i) => i),
      );
      assert.deepEqual(
        values,
        Float64Array.from({ length: next * 10 }, (_, i) => Math.floor(i / 10)),
      );
    }
    for (const { start, floats } of await store.readStates("1m", ranges)) {
      assert.deepEqual(
        start,
        Float64Array.from({ length: next }, (_, i) => i),
      );
      assert.deepEqual(floats, start);
    }
    await store.close();
  }
  await folder.remove();
});

test("whatever the disk buffer acknowledged is there after SIGKILL, in order and once", async () => {
  const folder = await temporaryFolder();
  const options = { partitions: 1, rowsMax: 1e9, bytesMax: 1e9, seriesMax: 100 };
  let next = 0;
  for (const linesMax of kills) {
    const lines = await linesUntilKilled("buffer-writer.ts", [folder.path, `${next}`], linesMax);
    const last = (word: string) =>
      Math.max(-1, ...lines.filter((line) => line.startsWith(word)).map((line) => Number(line.split(" ")[1])));
    const table = new SeriesTable();
    const buffer = await openDiskBuffer(folder.path, options, { clock: systemClock, table });
    const keeper = buffer.reader("keeper", 0);
    const times: number[] = [];
    for (let record = keeper.read(); record !== undefined; record = keeper.read()) {
      for (const { time, length } of record.chunks()) times.push(...time.subarray(0, length));
    }
    assert.deepEqual(
      times,
      Array.from({ length: times.length }, (_, i) => i),
    );
    assert.equal(times.length % 3, 0);
    next = times.length / 3;
    assert.ok(next > last("appended"));
    const mover = buffer.reader("mover", 0).read();
    assert.ok(mover === undefined || mover.position > last("committed"));
    for (const { consumers } of buffer.books()) {
      for (const { appended, pending, settled } of consumers.values()) {
        assert.equal(appended, times.length);
        assert.equal(settled.entered + pending, appended);
      }
    }
    await buffer.close();
  }
  await folder.remove();
});
