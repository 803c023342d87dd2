import assert from "node:assert/strict";
import { expect, test } from "vitest";
import { ObservationChunk } from "../../blocks/model/observation-chunk.ts";
import { Receipt, type Tally } from "../../runtime/receipt.ts";
import { chunkOf, lettersOf, World } from "./test-graph.ts";

const rollups = (from: string) => `
  rollups: { type: processor, from: ${from}, store: main, aggregators: [1m, 1h], grouper: { size: 4, duration: 1 second } }
`;
const plant = (rows = 10, buffer = "") => `stores:
  main: { type: test/flaky }
sources:
  meters: { type: test/rows, rows: ${rows}, metric: [a, b, c] }
buffers:
  raw: { type: memory, from: meters${buffer} }
blocks:${rollups("raw")}`;

const expected = (rows: number, metrics: readonly string[] = ["a", "b", "c"]) =>
  Array.from({ length: rows }, (_, row) => ({ metric: metrics[row % metrics.length] ?? "", row }))
    .sort((a, b) => (a.metric < b.metric ? -1 : a.metric > b.metric ? 1 : a.row - b.row))
    .map(({ metric, row }) => `${metric} ${row * 1_000} ${row}`);

const unbalanced = (pages: readonly { readonly balanced: boolean }[]) => pages.filter(({ balanced }) => !balanced);

test("until idle, everything that finite sources handed in is in the store and the engine has stopped", async () => {
  const world = new World();
  const engine = await world.start(plant());
  await world.during(engine.untilIdle());
  assert.deepEqual(await world.stored(), expected(10));
  assert.deepEqual(world.events, ["open main", "open meters", "close meters", "close main"]);
  assert.equal(world.clock.pendingTimers, 0);
});

test("what stands behind opens first, and sources last", async () => {
  const world = new World();
  const engine = await world.start(`stores:
  main: { type: test/flaky }
sources:
  meters: { type: test/push }
sinks:
  out: { type: test/collect, from: clean }
blocks:
  passed: { type: pass, from: raw }
buffers:
  raw: { type: memory, from: meters }
  clean: { type: memory, from: passed }
`);
  assert.deepEqual(world.events, ["open main", "open out", "open meters"]);
  await world.during(engine.stop());
  assert.deepEqual(world.events.slice(3), ["close main"]);
});

test("a segment whose store fails starts again from the last commit until everything has arrived", async () => {
  const world = new World();
  // More than the writes of one run.
  world.failures = 10;
  const engine = await world.start(plant());
  const idle = engine.untilIdle();
  await world.until(() => world.store().failures === 0);
  const { segments } = engine.status();
  assert.deepEqual(
    segments.map(({ name, restarts }) => [name, restarts > 0]),
    [
      ["rollups", true],
      ["meters", false],
    ],
  );
  await world.during(idle);
  assert.deepEqual(await world.stored(), expected(10));
  expect(world.logged[0]).toMatch(/^Segment failed, and starts again from its last commit: Cannot write/);
});

test("a segment waits longer after each failure, up to half a minute and a fifth", async () => {
  const world = new World();
  world.failures = 1_000_000;
  const engine = await world.start(plant(1));
  const restartsAt: number[] = [];
  let restarts = 0;
  await world.until(
    () => {
      const [segment] = engine.status().segments;
      if (segment !== undefined && segment.restarts > restarts) {
        restarts = segment.restarts;
        restartsAt.push(world.clock.monotonic());
      }
      return restarts === 12;
    },
    50,
    10_000,
  );
  // A run that fails takes a second, the longest wait of a data point for its write.
  const waits = restartsAt.map((at, index) => at - (restartsAt[index - 1] ?? 0) - 1_000);
  waits.forEach((wait, index) => {
    const least = Math.min(30_000, 200 * 2 ** index);
    assert.ok(wait >= least - 100 && wait <= least * 1.2 + 200, `wait ${index} is ${wait} ms`);
  });
  await world.during(engine.stop());
});

test("a branch that fails beside a living one is started again too", async () => {
  const world = new World();
  world.failures = 2;
  const engine = await world.start(`stores:
  main: { type: test/flaky }
sources:
  meters: { type: test/rows, rows: 9, metric: [a, b, c] }
buffers:
  raw: { type: memory, from: meters }
blocks:
  passed: { type: pass, from: raw }${rollups("passed")}
sinks:
  out: { type: test/collect, from: passed }
`);
  await world.during(engine.untilIdle());
  assert.deepEqual(await world.stored(), expected(9));
});

test("a source that cannot be opened fails the start with its sentence, and what was opened is closed", async () => {
  const world = new World();
  const start = world.start(`stores:
  main: { type: test/flaky }
sources:
  fine: { type: test/rows }
  device: { type: test/broken }
blocks:${rollups("[fine, device]")}`);
  await assert.rejects(world.during(start), {
    code: "CONNECTION_FAILED",
    message: "Cannot reach the device as it is switched off",
    where: { node: "device" },
  });
  await world.clock.settle();
  assert.deepEqual(world.events, ["open main", "open fine", "close main"]);
});

test("a run that starts again gives back the port of a source when a later one cannot be opened", async () => {
  const world = new World();
  let open = 0;
  const listening = world.catalogue.sources.get("test/push");
  assert.ok(listening);
  const { Source } = await import("../../runtime/streams/source.ts");
  world.catalogue.add({
    ...listening,
    type: "test/port",
    open: async () => {
      open += 1;
      const never: AsyncIterator<ObservationChunk> = {
        next: () => new Promise(() => {}),
        return: async () => {
          open -= 1;
          return { done: true, value: undefined };
        },
      };
      return Source.from({ [Symbol.asyncIterator]: () => never });
    },
  });
  const start = world.start(`sources:
  port: { type: test/port }
  device: { type: test/broken }
sinks:
  out: { type: test/collect, from: [port, device] }
`);
  await assert.rejects(world.during(start), { code: "CONNECTION_FAILED" });
  await world.clock.settle();
  assert.equal(open, 0);
});

test("stop ends the sources first and leaves nothing half done", async () => {
  const world = new World();
  const engine = await world.start(`stores:
  main: { type: test/flaky }
sources:
  meters: { type: test/push }
buffers:
  raw: { type: memory, from: meters }
blocks:${rollups("raw")}`);
  const settled: Tally[] = [];
  const receipt = new Receipt(3, (tally) => settled.push(tally), assert.fail);
  await world.clock.settle();
  world.pushes.get("meters")?.(chunkOf(engine, "a", [0, 1, 2], receipt));
  await world.clock.settle();
  await world.during(engine.stop());
  assert.equal(settled.length, 1);
  // A memory buffer does not survive the process, so it is emptied.
  assert.deepEqual(await world.stored(), expected(3, ["a"]));
  assert.equal(world.clock.pendingTimers, 0);
});

test("a stop that does not come to an end is ended after stop_timeout, not before", async () => {
  const world = new World();
  world.failures = 1_000_000;
  const engine = await world.start(`${plant()}stop_timeout: 5 seconds\n`);
  await world.until(() => engine.status().segments.some(({ restarts }) => restarts > 0));
  let stopped = false;
  const stop = engine.stop().then(() => {
    stopped = true;
  });
  await world.clock.settle();
  world.clock.advance(4_999);
  await world.clock.settle();
  assert.equal(stopped, false);
  world.clock.advance(1);
  await world.clock.settle();
  assert.equal(stopped, true);
  await stop;
  expect(world.logged.at(-2)).toMatch(/^Stopping took too long/);
  expect(world.logged.at(-1)).toMatch(/^Data points in buffers in memory are lost/);
});

test("a stop during the emptying of a durable buffer leaves the rest to the next start", async () => {
  const world = new World();
  world.failures = 1_000_000;
  const engine = await world.start(`${plant().replace("type: memory", "type: test/durable")}stop_timeout: 1 hour\n`);
  const idle = engine.untilIdle();
  await world.until(() => engine.status().segments.some(({ restarts }) => restarts > 2));
  void engine.stop();
  const from = world.clock.monotonic();
  await world.during(idle);
  // A run that fails takes a second.
  assert.ok(world.clock.monotonic() - from <= 1_100);
  assert.equal(world.clock.pendingTimers, 0);
});

test("a stop during the emptying of a buffer in memory gives it the time of any stop", async () => {
  const world = new World();
  world.failures = 1_000_000;
  const engine = await world.start(`${plant()}stop_timeout: 5 seconds\n`);
  const idle = engine.untilIdle();
  await world.until(() => engine.status().segments.some(({ restarts }) => restarts > 2));
  void engine.stop();
  const from = world.clock.monotonic();
  await world.during(idle);
  assert.ok(world.clock.monotonic() - from <= 6_000);
});

test("two buffers one behind the other are emptied in order", async () => {
  const world = new World();
  const engine = await world.start(`stores:
  main: { type: test/flaky }
sources:
  meters: { type: test/rows, rows: 50, metric: [a, b, c] }
buffers:
  raw: { type: memory, from: meters }
  clean: { type: memory, from: passed }
blocks:
  passed: { type: pass, from: raw }${rollups("clean")}`);
  await world.during(engine.untilIdle());
  assert.deepEqual(await world.stored(), expected(50));
});

test("fresh brings what was handed in through two buffers to the store", async () => {
  const world = new World();
  const engine = await world.start(`stores:
  main: { type: test/flaky }
sources:
  meters: { type: test/push }
buffers:
  raw: { type: memory, from: meters }
  clean: { type: memory, from: passed }
blocks:
  passed: { type: pass, from: raw }${rollups("clean").replace("1 second", "1 hour")}`);
  await world.clock.settle();
  world.pushes.get("meters")?.(chunkOf(engine, "a", [0], new Receipt(1, () => {}, assert.fail)));
  await world.clock.settle();
  assert.deepEqual(await world.stored(), []);
  const from = world.clock.monotonic();
  const fresh = engine.fresh(5_000);
  let done = false;
  void fresh.then(() => {
    done = true;
  });
  await world.until(() => done, 5);
  assert.ok(world.clock.monotonic() - from < 1_000);
  assert.deepEqual(await world.stored(), ["a 0 0"]);
  await world.during(engine.stop());
});

test("partitions change nothing in the table, and every one of them has its own actor", async () => {
  const metrics = ["a", "b", "c", "d", "e", "f", "g"];
  const tables: string[][] = [];
  for (const partitions of [1, 4]) {
    const world = new World();
    const engine = await world.start(`stores:
  main: { type: test/flaky }
sources:
  meters: { type: test/rows, rows: 200, chunk: 7, metric: [${metrics.join(", ")}] }
buffers:
  raw: { type: memory, from: meters, partitions: ${partitions} }
blocks:${rollups("raw")}`);
    assert.equal(engine.status().segments.filter(({ name }) => name === "rollups").length, partitions);
    await world.during(engine.untilIdle());
    tables.push(await world.stored());
  }
  assert.deepEqual(tables[0], expected(200, metrics));
  assert.deepEqual(tables[1], tables[0]);
});

test("order holds within a series whatever the number of partitions", async () => {
  const world = new World();
  const engine = await world.start(`sources:
  meters: { type: test/rows, rows: 300, chunk: 11, metric: [a, b, c, d, e] }
buffers:
  raw: { type: memory, from: meters, partitions: 3 }
sinks:
  out: { type: test/collect, from: raw }
`);
  await world.during(engine.untilIdle());
  const seen = new Map<number, number[]>();
  for (const chunk of world.delivered) {
    assert.ok(chunk instanceof ObservationChunk);
    for (let row = 0; row < chunk.length; row += 1) {
      const series = chunk.series[row] ?? -1;
      seen.set(series, [...(seen.get(series) ?? []), chunk.time[row] ?? -1]);
    }
  }
  assert.equal(seen.size, 5);
  for (const times of seen.values()) {
    assert.equal(times.length, 60);
    assert.deepEqual(
      times,
      [...times].sort((a, b) => a - b),
    );
  }
});

test("buffers with different numbers of partitions cannot be read together", async () => {
  const world = new World();
  const start = world.start(`sources:
  meters: { type: test/push }
buffers:
  raw: { type: memory, from: meters, partitions: 4 }
  other: { type: memory, from: meters }
sinks:
  out: { type: test/collect, from: [raw, other] }
`);
  await assert.rejects(world.during(start), {
    code: "WIRING_INVALID",
    message:
      'Cannot read several buffers together as they must have the same number of partitions: "raw" has 4, "other" has 1',
  });
});

test("a source beside a buffer with partitions runs once, and what it alone fills is left out elsewhere", async () => {
  const world = new World();
  const engine = await world.start(`sources:
  meters: { type: test/rows, rows: 30, metric: [a, b, c] }
  more: { type: test/rows, rows: 5, metric: [z] }
buffers:
  raw: { type: memory, from: meters, partitions: 3 }
  copy: { type: memory, from: more }
blocks:
  passed: { type: pass, from: [raw, more] }
sinks:
  out: { type: test/collect, from: passed }
  copied: { type: test/collect, from: copy }
`);
  await world.during(engine.untilIdle());
  const rows = world.delivered.reduce((sum, chunk) => sum + (chunk instanceof ObservationChunk ? chunk.length : 0), 0);
  assert.equal(rows, 30 + 5 + 5);
  assert.equal(world.events.filter((event) => event === "open more").length, 1);
});

test("several takers of an outlet and several feeders of a node: the books balance with what was added", async () => {
  const world = new World();
  const engine = await world.start(`stores:
  main: { type: test/flaky }
sources:
  meters: { type: test/push }
  boiler: { type: test/push }
buffers:
  raw: { type: memory, from: [meters, boiler] }
blocks:
  left: { type: pass, from: raw }
  right: { type: pass, from: left }${rollups("[left, right]")}
sinks:
  out: { type: test/collect, from: left }
`);
  await world.clock.settle();
  for (const [node, start] of [
    ["meters", 0],
    ["boiler", 60_000],
  ] as const) {
    world.pushes.get(node)?.(chunkOf(engine, "a", [1, 2, 3], new Receipt(3, () => {}, assert.fail), start));
  }
  await world.until(
    () =>
      engine.books().every(({ inFlight }) => inFlight === 0) &&
      world.store().kept !== undefined &&
      engine.books().some(({ durable }) => durable === 18),
  );
  const books = engine.books();
  assert.deepEqual(unbalanced(books), []);
  const page = books.find(({ place }) => place === "raw[0] -> left");
  assert.deepEqual([page?.entered, page?.added, page?.durable], [6, 12, 18]);
  await world.during(engine.stop());
  assert.deepEqual(await world.stored(), ["a 0 1", "a 1000 2", "a 2000 3", "a 60000 1", "a 61000 2", "a 62000 3"]);
});

test("dead letters that nothing takes go to the place of the engine, under the name of their source", async () => {
  const world = new World();
  const engine = await world.start(`sources:
  meters: { type: test/push }
  boiler: { type: test/push }
sinks:
  out: { type: test/collect, from: [meters, boiler.rejected, boiler] }
`);
  await world.clock.settle();
  const settled: string[] = [];
  for (const node of ["meters", "boiler"]) {
    world.pushes.get(node)?.(lettersOf(new Receipt(1, () => settled.push(node), assert.fail), node));
  }
  await world.clock.settle();
  assert.deepEqual(
    world.letters.map(([node]) => node),
    ["meters"],
  );
  assert.equal(world.delivered.length, 1);
  assert.deepEqual(settled.sort(), ["boiler", "meters"]);
  await world.during(engine.stop());
});

test("until idle does not wait for endless sources of the same segment", async () => {
  const world = new World();
  const engine = await world.start(`stores:
  main: { type: test/flaky }
sources:
  file: { type: test/rows, rows: 7, metric: [a] }
  meters: { type: test/push }
blocks:${rollups("[file, meters]")}`);
  await world.during(engine.untilIdle());
  assert.deepEqual(await world.stored(), expected(7, ["a"]));
});

test("a finite source that failed is read again before the engine is idle", async () => {
  const world = new World();
  world.failures = 2;
  const engine = await world.start(`stores:
  main: { type: test/flaky }
sources:
  file: { type: test/rows, rows: 7, metric: [a] }
  meters: { type: test/push }
blocks:${rollups("[file, meters]")}`);
  await world.during(engine.untilIdle());
  assert.deepEqual(await world.stored(), expected(7, ["a"]));
});

test.each([
  ["few", 3],
  ["many", 5_000],
])(
  "a chunk of %s rows that names a series beyond the table fails its segment, which starts again",
  async (_, length) => {
    const world = new World();
    const engine = await world.start(`stores:
  main: { type: test/flaky }
sources:
  meters: { type: test/push }
blocks:${rollups("meters")}`);
    await world.clock.settle();
    const [time, values] = [new Float64Array(length), new Float64Array(length)];
    const columns = { series: new Uint32Array(length).fill(7), time, values };
    const never = () => assert.fail("it is not in the store");
    const unknown = new ObservationChunk(engine.table, "float", length, columns, new Receipt(length, never, never));
    world.pushes.get("meters")?.(unknown);
    await world.until(() => world.events.filter((event) => event === "open meters").length === 2);
    assert.deepEqual(world.logged, [
      "Segment failed, and starts again from its last commit: A chunk names a series that its table, of 0, lacks",
    ]);
    let settled = false;
    const receipt = new Receipt(
      1,
      () => {
        settled = true;
      },
      assert.fail,
    );
    world.pushes.get("meters")?.(chunkOf(engine, "a", [5], receipt));
    await world.until(() => settled);
    assert.deepEqual(await world.stored(), ["a 0 5"]);
    await world.during(engine.stop());
  },
);

test("updates and tags may have several takers too", async () => {
  const world = new World();
  const engine = await world.start(`stores:
  main: { type: test/flaky }
sources:
  meters: { type: test/rows, rows: 6, metric: [a, b] }
buffers:
  raw: { type: memory, from: meters }
blocks:
  recorded: { type: message, from: raw, store: main, aggregators: [1m], grouper: { size: 2 } }
  tagged: { type: tag, from: recorded.tags, store: main }
  again: { type: tag, from: recorded.tags, store: main }
  first: { type: aggregation, from: recorded.updates, store: main, aggregators: [1m] }
  second: { type: aggregation, from: recorded.updates, store: main, aggregators: [1m] }
`);
  await world.during(engine.untilIdle());
  assert.deepEqual(world.logged, []);
  assert.deepEqual(await world.stored(), expected(6, ["a", "b"]));
});

test("every reader of a buffer is there before anything fills it", async () => {
  const world = new World();
  const engine = await world.start(`sources:
  meters: { type: test/push }
buffers:
  raw: { type: memory, from: meters }
  clean: { type: memory, from: passed }
blocks:
  passed: { type: pass, from: raw }
sinks:
  beside: { type: test/collect, from: passed }
  left: { type: test/collect, from: clean }
  right: { type: test/collect, from: clean }
`);
  const [first, second, ...rest] = world.events;
  assert.deepEqual([first, second].sort(), ["open left", "open right"]);
  assert.deepEqual(rest, ["open beside", "open meters"]);
  await world.during(engine.stop());
});

test("a segment that is down when the engine stops does not start its sources again", async () => {
  const world = new World();
  world.failures = 1;
  const engine = await world.start(`stores:
  main: { type: test/flaky }
sources:
  file: { type: test/rows, rows: 3, metric: [a] }
  meters: { type: test/push }
blocks:${rollups("[file, meters]")}`);
  await world.until(() => world.logged.length > 0);
  await world.during(engine.stop());
  assert.equal(world.events.filter((event) => event === "open file").length, 1);
  assert.deepEqual(await world.stored(), []);
});
