import assert from "node:assert/strict";
import { expect, test } from "vitest";
import { readReplay, rewound } from "../../hub/replays.ts";
import { Receipt } from "../../runtime/receipt.ts";
import { chunkOf, World } from "./test-graph.ts";

test("a buffer in memory is read again while the engine runs, as far as its retention goes, and the books balance", async () => {
  const world = new World();
  const engine = await world.start(`name: plant
stores:
  main: { type: test/flaky }
sources:
  meters: { type: test/push }
buffers:
  raw: { type: memory, from: meters, partitions: 2, retention: 1 hour, max_rows: 4 }
blocks:
  rollups: { type: processor, from: raw, store: main, aggregators: [1m] }`);
  await world.until(() => world.pushes.has("meters"));
  const push = (metric: string, values: number[]) =>
    world.pushes.get("meters")?.(chunkOf(engine, metric, values, new Receipt(values.length, () => {}, assert.fail)));
  const settle = () => world.until(() => engine.books().every(({ inFlight }) => inFlight === 0), 1_000);
  const replay = (from: number) => {
    const wanted = readReplay({ buffer: "raw", from: String(from) }, engine.plan);
    return world.during(engine.aside("raw", wanted.segments, (buffer) => rewound(buffer, wanted)));
  };
  const begun = world.clock.now();
  push("a", [1, 2, 3]);
  push("b", [4]);
  await settle();
  const stored = await world.stored();
  expect(stored).toHaveLength(4);
  await world.during(
    engine.alone("main", async (store) => {
      await store.write({ deletes: { series: await store.find({ tags: new Map() }) } });
    }),
  );
  expect(await world.stored()).toEqual([]);
  const places = await replay(begun);
  expect(places.reduce((rows, place) => rows + place.rows, 0)).toBe(4);
  expect(engine.status().buffers).toMatchObject([{ rows: 0, full: false }]);
  await settle();
  expect(await world.stored()).toEqual(stored);
  expect(engine.books().filter(({ added }) => added > 0).length).toBeGreaterThan(0);
  expect(engine.books().every(({ balanced }) => balanced)).toBe(true);

  world.clock.advance(3_600_000);
  for (const metric of ["a", "b"]) push(metric, [9]);
  await settle();
  await expect(replay(begun)).rejects.toThrow(/no longer kept/);
  expect(engine.status().segments.every(({ restarts }) => restarts === 0)).toBe(true);
  await world.during(engine.stop());
});
