import assert from "node:assert/strict";
import { test } from "vitest";
import { SeriesTable } from "../../../blocks/model/series.ts";
import { memoryBuffer } from "../../../connectors/memory/buffer.ts";
import { memoryStore } from "../../../connectors/memory/store.ts";
import { systemClock } from "../../../runtime/clock/system-clock.ts";
import { silentLog } from "../../../runtime/log.ts";

const context = { graph: "g", node: "n", clock: systemClock, log: silentLog, table: new SeriesTable() };

test("a memory store and a memory buffer open without settings", async () => {
  const store = await memoryStore.open(memoryStore.settings.parse({}), context);
  assert.deepEqual(await store.find({ tags: new Map() }), []);
  const settings = memoryBuffer.settings.parse({});
  assert.equal(settings.max_rows, 1_000_000);
  const buffer = await memoryBuffer.open(settings, context);
  assert.deepEqual([buffer.partitions, buffer.durable, buffer.full], [1, false, false]);
});
