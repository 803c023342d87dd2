import assert from "node:assert/strict";
import { test } from "vitest";
import type { ComponentContext } from "../../../blocks/model/component.ts";
import { SeriesTable } from "../../../blocks/model/series.ts";
import { diskBuffer } from "../../../connectors/embedded/buffer.ts";
import { embeddedStore } from "../../../connectors/embedded/store.ts";
import { systemClock } from "../../../runtime/clock/system-clock.ts";
import { silentLog } from "../../../runtime/log.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const context = (): ComponentContext => ({
  graph: "g",
  node: "n",
  clock: systemClock,
  log: silentLog,
  table: new SeriesTable(),
});

test("an embedded store opens from its path alone", async () => {
  const folder = await temporaryFolder();
  const store = await embeddedStore.open(embeddedStore.settings.parse({ path: folder.path }), context());
  assert.deepEqual(await store.find({ tags: new Map() }), []);
  await store.close();
  await folder.remove();
});

test("a disk buffer opens from its path alone, with one partition", async () => {
  const folder = await temporaryFolder();
  const settings = diskBuffer.settings.parse({ path: folder.path });
  assert.deepEqual([settings.max_bytes, settings.max_rows], [2 ** 30, 50_000_000]);
  const buffer = await diskBuffer.open(settings, context());
  assert.deepEqual([buffer.partitions, buffer.durable, buffer.full], [1, true, false]);
  await buffer.close();
  await folder.remove();
});

test("a disk buffer has 1 to 1024 partitions", () => {
  const parse = (partitions: number) => diskBuffer.settings.safeParse({ path: "p", partitions }).success;
  assert.deepEqual([0, 1, 1024, 1025].map(parse), [false, true, true, false]);
});
