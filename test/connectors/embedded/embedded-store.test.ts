import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, test } from "vitest";
import { SeriesTable } from "../../../blocks/model/series.ts";
import { openDiskBuffer } from "../../../connectors/embedded/disk-buffer.ts";
import { openEmbeddedStore } from "../../../connectors/embedded/embedded-store.ts";
import { Environment } from "../../../connectors/embedded/environment.ts";
import { readOwner } from "../../../connectors/embedded/folder-lock.ts";
import { systemClock } from "../../../runtime/clock/system-clock.ts";
import { temporaryFolder } from "./temporary-folder.ts";

let folder: { path: string; remove: () => Promise<void> };
let table: SeriesTable;
beforeEach(async () => {
  folder = await temporaryFolder();
  table = new SeriesTable();
});
afterEach(() => folder.remove());

const points = (from: number, count: number) => ({
  time: Float64Array.from({ length: count }, (_, i) => from + i),
  values: new Float64Array(count),
});

test("a folder is owned while the store is open, and given up when it is closed", async () => {
  const store = await openEmbeddedStore(folder.path);
  await store.setAddress("127.0.0.1:8080");
  assert.equal((await readOwner(folder.path))?.address, "127.0.0.1:8080");
  await assert.rejects(openEmbeddedStore(folder.path), { code: "FOLDER_IN_USE" });
  await store.close();
  assert.equal(await readOwner(folder.path), undefined);
  await (await openEmbeddedStore(folder.path)).close();
});

test("a reader in another process sees what is committed, while the engine runs and after it", async () => {
  const store = await openEmbeddedStore(folder.path);
  const a = table.intern("a", {}, "tdouble");
  const b = table.intern("b", {}, "tdouble");
  await store.write({ observations: [{ series: a, points: points(0, 3) }] });
  const script = fileURLToPath(new URL("read-only.ts", import.meta.url));
  const reader = spawn(process.execPath, ["--import", "tsx", script, folder.path], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exited = once(reader, "exit");
  const lines = createInterface(reader.stdout)[Symbol.asyncIterator]();
  const asked = async () => {
    reader.stdin.write("?\n");
    return (await lines.next()).value as string;
  };
  assert.equal(await asked(), "a=3+0");
  await store.write({
    observations: [
      { series: a, points: points(3, 200_000) },
      { series: b, points: points(0, 1) },
    ],
    states: [{ series: b, period: "1m", rows: { start: Float64Array.of(0), floats: Float64Array.of(1) } }],
  });
  assert.equal(await asked(), "a=200003+0 b=1+1");
  await store.close();
  assert.equal(await asked(), "a=200003+0 b=1+1");
  reader.stdin.end();
  assert.deepEqual(await exited, [0, null]);
});

test("a store that was opened for reading only does not own the folder and refuses writes", async () => {
  await (await openEmbeddedStore(folder.path)).close();
  const store = await openEmbeddedStore(folder.path, { readOnly: true });
  assert.equal(await readOwner(folder.path), undefined);
  await assert.rejects(store.write({}), { code: "STORE_FAILED", message: /for reading only/ });
  await store.close();
});

test("reading only from a folder that is not there fails, and makes none", async () => {
  await assert.rejects(openEmbeddedStore(folder.path, { readOnly: true }), { code: "PATH_UNREADABLE" });
  assert.deepEqual(await readdir(join(folder.path, "..")), []);
});

test("a folder of another format is refused, and not kept", async () => {
  await (await Environment.open({ path: folder.path, format: "store 2", readOnly: false })).close();
  await assert.rejects(openEmbeddedStore(folder.path), {
    code: "FORMAT_UNSUPPORTED",
    message: /reads the format "store 1": it is "store 2"$/,
  });
  assert.equal(await readOwner(folder.path), undefined);
});

test("the folder of a buffer is no store", async () => {
  const options = { partitions: 1, rowsMax: 10, bytesMax: 1000, seriesMax: 10 };
  await (await openDiskBuffer(folder.path, options, { clock: systemClock, table })).close();
  await assert.rejects(openEmbeddedStore(folder.path), { code: "FORMAT_UNSUPPORTED" });
});

test("a file that is no database is refused", async () => {
  await mkdir(folder.path);
  await writeFile(join(folder.path, "data.mdb"), "x".repeat(8192));
  await assert.rejects(openEmbeddedStore(folder.path), { code: "FORMAT_UNSUPPORTED" });
});

test("a new series beyond the limit is refused, and the known ones go on", async () => {
  const store = await openEmbeddedStore(folder.path, { seriesMax: 2 });
  const [a, b, c] = ["a", "b", "c"].map((metric) => table.intern(metric, {}, "tdouble"));
  assert.ok(a && b && c);
  await store.write({ observations: [a, b].map((series) => ({ series, points: points(0, 1) })) });
  await assert.rejects(store.write({ observations: [{ series: c, points: points(0, 1) }] }), {
    code: "STORE_FAILED",
    message: /at most 2 \(series_max\)/,
  });
  await store.write({ observations: [{ series: a, points: points(1, 1) }] });
  assert.deepEqual([...(await store.newest([a, b, c]))], [1, 0, Number.NEGATIVE_INFINITY]);
  await store.close();
});

test("series of one hash, and tables that number series otherwise, are kept apart", async () => {
  // Collisions of FNV-1a.
  const names = ["costarring", "liquid", "declinate", "macallums"];
  const hashes = names.map((name) => table.intern(name, {}, "tdouble").hash);
  assert.deepEqual([hashes[0], hashes[2]], [hashes[1], hashes[3]]);
  const other = new SeriesTable();
  for (const name of ["first", ...names].reverse()) other.intern(name, { site: "north" }, "tdouble");
  for (const name of names.toReversed()) other.intern(name, {}, "tdouble");
  const seriesOf = (one: SeriesTable) => names.map((name) => one.intern(name, {}, "tdouble"));
  const everything = { from: 0, to: Number.POSITIVE_INFINITY };
  const timesOf = async (one: SeriesTable) => {
    const found = await store.readObservations(seriesOf(one).map((series) => ({ series, ...everything })));
    return found.map(({ time }) => [...time]);
  };
  let store = await openEmbeddedStore(folder.path);
  for (const [from, one] of [table, other, table].entries()) {
    await store.write({
      observations: seriesOf(one).map((series, place) => ({ series, points: points(10 * from, place + 1) })),
    });
  }
  const times = await timesOf(table);
  assert.deepEqual(times[1], [0, 1, 10, 11, 20, 21]);
  assert.deepEqual(await timesOf(other), times);
  await store.close();
  store = await openEmbeddedStore(folder.path);
  assert.deepEqual(await timesOf(other), times);
  const found = await store.find({ tags: new Map() });
  assert.deepEqual(
    found.map(({ metric }) => metric),
    names.toSorted(),
  );
  await store.close();
});

test("very many series that got their places before one was written are all found under their own numbers", async () => {
  const store = await openEmbeddedStore(folder.path);
  const named = Array.from({ length: 20_000 }, (_, one) => table.intern(`m${one}`, {}, "tdouble"));
  for (const series of named) assert.ok(store.places.take(series));
  const written = [19_999, 7, 8_192].map((index) => table.at(index));
  await store.write({ observations: written.map((series) => ({ series, points: points(series.index, 1) })) });
  await store.close();
  const again = await openEmbeddedStore(folder.path, { seriesMax: 20_000 });
  const found = await again.readObservations(written.map((series) => ({ series, from: 0, to: 20_000 })));
  assert.deepEqual(
    found.map(({ time }) => [...time]),
    [[19_999], [7], [8_192]],
  );
  assert.equal((await again.find({ tags: new Map() })).length, 3);
  assert.ok(named.every((series) => again.places.take(series)));
  await again.close();
});

test("a write that cannot be encoded fails alone", async () => {
  const store = await openEmbeddedStore(folder.path);
  const a = table.intern("a", {}, "ttext");
  const b = table.intern("b", {}, "tdouble");
  const bad = store.write({ observations: [{ series: a, points: { time: Float64Array.of(1), values: [undefined] } }] });
  const good = store.write({ observations: [{ series: b, points: points(1, 1) }] });
  await assert.rejects(bad, { code: "STORE_FAILED", retryable: false });
  await good;
  assert.deepEqual([...(await store.newest([a, b]))], [Number.NEGATIVE_INFINITY, 1]);
  await store.close();
});

test("writes beyond those that may wait are refused, and can be tried again", async () => {
  const store = await openEmbeddedStore(folder.path);
  const series = table.intern("a", {}, "tdouble");
  const write = (time: number) => store.write({ observations: [{ series, points: points(time, 1) }] });
  const waiting = Array.from({ length: 1024 }, (_, time) => write(time));
  await assert.rejects(write(1024), { code: "STORE_FAILED", retryable: true });
  await Promise.all(waiting);
  await write(1024);
  assert.deepEqual([...(await store.newest([series]))], [1024]);
  await store.close();
});

test("the tag index knows the shards of a series", async () => {
  const store = await openEmbeddedStore(folder.path);
  const [a, b] = ["a", "b"].map((metric) => table.intern(metric, {}, "tdouble"));
  assert.ok(a && b);
  const tags = ["2026-02-01", "2025-01-01", "2026-02-01"].map((shard) => ({ series: a, shard }));
  await store.write({ tags });
  assert.deepEqual(await store.shards(a), ["2025-01-01", "2026-02-01"]);
  assert.deepEqual(await store.shards(b), []);
  await store.close();
});

test("a folder that was made before there were static tags is read, and has none", async () => {
  const old = await Environment.open({ path: folder.path, format: "store 1", readOnly: false });
  for (const name of ["chunks", "shards", "series", "periods"]) old.table(name);
  await old.close();
  const store = await openEmbeddedStore(folder.path, { readOnly: true });
  assert.deepEqual(await store.staticTagsets(), new Map());
  assert.deepEqual(await store.find({ tags: new Map(), where: { kind: "all" } }), []);
  await store.close();
});
