import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "vitest";
import { floatResult } from "../../blocks/derivators/float-state.ts";
import { builtInDerivators, namedDerivators } from "../../blocks/derivators/catalogue.ts";
import { ChunkBuilder } from "../../blocks/model/chunk-builder.ts";
import { defineDerivation } from "../../blocks/model/derivation.ts";
import { utcRules } from "../../blocks/model/bucket-rules.ts";
import type { Derivator } from "../../blocks/model/derivator.ts";
import type { Store, StoreWrite } from "../../blocks/model/store.ts";
import { processorBlock } from "../../blocks/processor.ts";
import { assertAllStopped } from "../../runtime/streams/probes/assert-all-stopped.ts";
import { virtualClock } from "../../runtime/clock/virtual-clock.ts";
import { FollowedReceipt } from "./block-run.ts";
import { LateStore } from "./gated-store.ts";
import { blocks, ProcessorRun } from "./processor-run.ts";
import { type Entry, metrics, rollupCases, runsOf } from "./rollup/rollup-case.ts";
import { keysOf, quietRun, soundParts } from "./rollup/rollup-run.ts";
import { storedTable } from "./rollup/stored-table.ts";
import { trail } from "./rollup/trail-derivator.ts";

const derivators = [...builtInDerivators, trail as Derivator];

/** Of any series another one, of its first letter's case. */
const shouted = defineDerivation({
  name: "shouted",
  summary: "For tests.",
  appliesTo: ({ metric }) => metric === metric.toLowerCase(),
  derive: ({ metric, type }, time, value) => [{ metric: metric.toUpperCase(), tagset: {}, type, time, value }],
});

test("message feeds aggregation and tag, and observation only where something comes of it", () => {
  const wires = (given: Readonly<Record<string, unknown>>, ...outlets: readonly string[]) =>
    expansionOf(given, outlets).wires.map(({ from, to }) => `${from} > ${to}`);
  const alone = ["in > message", "message.updates > aggregation", "message.tags > tag"];
  const observed = [alone[0], "message.observations > observation", ...alone.slice(1)];
  assert.deepEqual(wires({}), alone);
  assert.deepEqual(wires({}, "aggregations"), alone);
  assert.deepEqual(wires({}, "observations"), [...observed]);
  assert.deepEqual(wires({ derive: ["shouted"] }), [
    ...observed,
    "observation.updates > aggregation",
    "observation.tags > tag",
  ]);
});

test("a processor that rolls up to no period has no aggregation", () => {
  const { nodes, wires, outlets } = expansionOf({ aggregators: [] }, ["aggregations"]);
  assert.deepEqual(Object.keys(nodes), ["message", "tag"]);
  assert.deepEqual(
    wires.map(({ to }) => to),
    ["message", "tag"],
  );
  assert.deepEqual(outlets.aggregations, []);
});

test("every setting reaches the blocks that it is of", () => {
  const given = {
    aggregators: ["1h", "1d"],
    derivators: ["trail"],
    derive: ["shouted"],
    sharder: "day",
    grouper: { size: 7, duration: "3 seconds" },
    hot_series: 9,
  };
  const { nodes } = expansionOf(given, []);
  const recording = {
    store: "main",
    aggregators: ["1h", "1d"],
    derivators: ["trail"],
    grouper: { size: 7, duration: 3_000 },
    hot_series: 9,
  };
  const { grouper: _, ...rolling } = recording;
  assert.deepEqual(nodes, {
    message: { type: "message", settings: recording },
    observation: { type: "observation", settings: { ...recording, derive: ["shouted"] } },
    aggregation: { type: "aggregation", settings: rolling },
    tag: { type: "tag", settings: { store: "main", sharder: "day", tag_cache: 1_000_000 } },
  });
});

test("no setting of a block is left open, as nobody fills in defaults behind a composite", () => {
  for (const { type, settings } of Object.values(expansionOf({ derive: ["shouted"] }, []).nodes)) {
    assert.deepEqual(Object.keys(settings).sort(), Object.keys(blocks[type]?.settings.shape ?? {}).sort());
  }
});

test("tags of a series are written once a shard, however many flushes there are", async () => {
  const run = new ProcessorRun({ grouper: { size: 1 } }, derivators);
  for (const time of [1, 2, 3]) {
    await send(run, [{ metric: 0, time, value: 0 }]);
    await run.clock.settle();
  }
  assert.equal(run.store.writes.filter(({ tags }) => tags !== undefined).length, 1);
});

test("whatever comes through the four blocks, in whatever pieces, leaves the table of one quiet run and balanced books", async () => {
  await fc.assert(
    fc.asyncProperty(rollupCases(), fc.integer({ min: 1, max: 20 }), async (given, size) => {
      const { labels, hotSeriesMax, steps } = given;
      const named = ["trail", ...namedDerivators.map(({ name }) => name)];
      const settings = { aggregators: labels, derivators: named, grouper: { size }, hot_series: hotSeriesMax };
      const run = new ProcessorRun(settings, soundParts.derivators, [], given.rules);
      const receipts: FollowedReceipt[] = [];
      let sent = 0;
      for (const { chunks, commits, lags } of [...steps, { chunks: [100], commits: true, lags: false }]) {
        for (const rows of chunks) {
          receipts.push(...(await send(run, given.entries.slice(sent, sent + rows))));
          sent += rows;
        }
        if (commits) run.flushes.next();
        if (lags) run.clock.advance(1_000);
      }
      run.input.sendComplete();
      await run.clock.settle();
      await run.running.done;
      assert.deepEqual(
        await storedTable(run.store, keysOf(given)),
        await storedTable(await quietRun(given), keysOf(given)),
      );
      for (const { settled } of receipts) assert.ok(settled?.balanced);
      assertAllStopped(run.system);
    }),
    runsOf(0.25),
  );
});

test("over a store that takes writes before the last ones count, and fails at some, the table is that of one quiet run", async () => {
  let overlapped = 0;
  let failures = 0;
  await fc.assert(
    fc.asyncProperty(rollupCases(), fc.integer({ min: 1, max: 20 }), fc.integer(), async (given, size, seed) => {
      const { labels, hotSeriesMax } = given;
      const named = ["trail", ...namedDerivators.map(({ name }) => name)];
      const settings = { aggregators: labels, derivators: named, grouper: { size }, hot_series: hotSeriesMax };
      const { random } = virtualClock(0, seed);
      let failsLeft = 3;
      const fails = () => {
        const failing = failsLeft > 0 && random() < 0.1;
        if (failing) failsLeft -= 1;
        return failing;
      };
      const store = new LateStore(virtualClock(), () => Math.floor(random() * 5), fails);
      let pieces = piecesOf(given.entries, () => 1 + Math.floor(random() * 4));
      while (pieces.length > 0) {
        const run = new ProcessorRun(settings, soundParts.derivators, [], given.rules, (clock) => {
          store.clock = clock;
          return store;
        });
        const settled = await settledOf(run, pieces, () => random() < 0.2);
        // As from a buffer: all from the first piece on that is not settled comes again.
        const first = settled.indexOf(false);
        if (first >= 0) failures += 1;
        pieces = first < 0 ? [] : pieces.slice(first);
      }
      if (store.underWayMax > 1) overlapped += 1;
      const labelled = keysOf(given);
      assert.deepEqual(await storedTable(store, labelled), await storedTable(await quietRun(given), labelled));
    }),
    runsOf(0.25),
  );
  assert.ok(overlapped > 0 && failures > 0);
});

test("a batch of very many series is recorded in parts, and leaves the table of small batches", async () => {
  const whole = await manySeries(1_000_000);
  assert.deepEqual(whole.seriesWritten, [...Array.from({ length: 9 }, () => 2_048), 1_568]);
  const small = await manySeries(1_000);
  assert.deepEqual(await storedTable(whole.store, ["1m", "1h"]), await storedTable(small.store, ["1m", "1h"]));
});

test("what is derived is stored and rolled up as what came, and the books balance", async () => {
  const run = new ProcessorRun({ aggregators: ["1m", "1h"], derive: ["shouted"] }, derivators, [shouted]);
  const followed = await send(run, [
    { metric: 0, time: 1, value: 0.5 },
    { metric: 2, time: 60_000, value: 7n },
    { metric: 4, time: 2, value: "x" },
  ]);
  run.input.sendComplete();
  await run.clock.settle();
  await run.running.done;
  for (const { settled } of followed) {
    assert.ok(settled?.balanced);
    assert.deepEqual([settled.durable, [...settled.filtered.values()]], [2 * settled.entered, [settled.entered]]);
  }
  const table = await storedTable(run.store, ["1m", "1h"]);
  const came = table.filter((line) => /^\w+ [a-z]/.test(line));
  const derived = table.filter((line) => /^\w+ [A-Z]/.test(line));
  assert.equal(came.length, 9);
  assert.deepEqual(
    derived.map((line) =>
      line.replace(/^(\w+) ([A-Z]+)/, (_, type, metric) => `${type} ${metric.toLowerCase()}{site="north"}`),
    ),
    came,
  );
});

test("a series that is derived and also comes in raw has one writer, and its buckets count both", async () => {
  const [flow, level] = metrics;
  const levelled = defineDerivation({
    name: "levelled",
    summary: "For tests.",
    appliesTo: ({ metric }) => metric === flow.name,
    derive: (_series, time, value) => [
      { metric: level.name, tagset: { site: "north" }, type: level.type, time, value },
    ],
  });
  const run = new ProcessorRun({ aggregators: ["1m"], derive: ["levelled"], grouper: { size: 1 } }, [], [levelled]);
  for (const [at, metric] of [0, 1, 0, 1].entries()) {
    await send(run, [{ metric, time: at + 1, value: at }]);
    await run.clock.settle();
  }
  run.input.sendComplete();
  await run.clock.settle();
  await run.running.done;
  const series = run.table.intern(level.name, { site: "north" }, level.type);
  const [rolledUp] = await run.store.readStates("1m", [{ series, from: 0, to: 60_000 }]);
  assert.equal(floatResult(rolledUp?.floats ?? new Float64Array(0), 0, "count"), 4);
});

async function passed(run: ProcessorRun, ms: number): Promise<void> {
  run.clock.advance(ms);
  await run.clock.settle();
}

function piecesOf(entries: readonly Entry[], rowsOf: () => number): (readonly Entry[])[] {
  const pieces: (readonly Entry[])[] = [];
  for (let from = 0; from < entries.length; ) {
    const to = from + rowsOf();
    pieces.push(entries.slice(from, to));
    from = to;
  }
  return pieces;
}

/** Twice 20,000 rows, of as many series, through the four blocks; all receipts are settled. */
async function manySeries(size: number): Promise<{ readonly store: Store; readonly seriesWritten: number[] }> {
  const seriesWritten: number[] = [];
  class NotingStore extends LateStore {
    override write(write: StoreWrite): Promise<void> {
      if (write.observations !== undefined) seriesWritten.push(write.observations.length);
      return super.write(write);
    }
  }
  const store = new NotingStore(virtualClock(), () => 1);
  const settings = { aggregators: ["1m", "1h"], grouper: { size }, hot_series: 1_000 };
  const run = new ProcessorRun(settings, [], [], utcRules, (clock) => Object.assign(store, { clock }));
  const builder = new ChunkBuilder(run.table);
  const [count, rounds] = [20_000, [60_000, 30_000]];
  for (const time of rounds) {
    for (let one = 0; one < count; one += 1) builder.add(run.table.intern(`m${one}`, {}, "tdouble"), time + one, one);
  }
  const followed = new FollowedReceipt(rounds.length * count);
  for (const chunk of builder.build(followed.receipt)) {
    while (run.input.pending === 0) await passed(run, 1);
    run.input.sendNext(chunk);
  }
  run.input.sendComplete();
  while (!followed.isSettled) await passed(run, 1);
  assert.ok(followed.settled?.balanced);
  return { store, seriesWritten };
}

/** Sends the pieces until the run is done or fails, and waits for what it left on its way. @returns for each whether it is settled. */
async function settledOf(
  run: ProcessorRun,
  pieces: readonly (readonly Entry[])[],
  flushes: () => boolean,
): Promise<boolean[]> {
  let ended = false;
  void run.running.done
    .catch(() => {})
    .then(() => {
      ended = true;
    });
  const followed: FollowedReceipt[] = [];
  for (const piece of pieces) {
    followed.push(...(await send(run, piece, () => ended)));
    if (flushes()) run.flushes.next();
    await passed(run, 1);
  }
  if (!ended) run.input.sendComplete();
  for (let ms = 0; !ended; ms += 1) {
    assert.ok(ms < 10_000);
    await passed(run, 1);
  }
  for (let ms = 0; ms < 100; ms += 1) await passed(run, 1);
  for (const { settled } of followed) assert.ok(settled?.balanced ?? true);
  return followed.map(({ isSettled }) => isSettled);
}

/** One receipt for the chunks of these entries, none where there are none. */
async function send(run: ProcessorRun, entries: readonly Entry[], ended = () => false): Promise<FollowedReceipt[]> {
  if (entries.length === 0) return [];
  const builder = new ChunkBuilder(run.table);
  for (const { metric, time, value } of entries) {
    const { name, type } = metrics[metric] as (typeof metrics)[number];
    builder.add(run.table.intern(name, { site: "north" }, type), time, value);
  }
  const followed = new FollowedReceipt(entries.length);
  for (const chunk of builder.build(followed.receipt)) {
    if (run.input.pending === 0) await run.clock.settle();
    while (run.input.pending === 0 && !ended()) await passed(run, 1);
    if (!ended()) run.input.sendNext(chunk);
  }
  return [followed];
}

function expansionOf(given: Readonly<Record<string, unknown>>, outlets: readonly string[]) {
  return processorBlock.expand(processorBlock.settings.parse({ store: "main", ...given }), new Set(outlets));
}
