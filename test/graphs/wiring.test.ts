import assert from "node:assert/strict";
import { test } from "vitest";
import { planOf } from "./test-graph.ts";

async function faults(text: string): Promise<string[]> {
  const { diagnostics } = await planOf(text);
  return diagnostics.map(({ line, column, code }) => `${line}:${column} ${code}`);
}

async function sentences(text: string): Promise<string[]> {
  const { diagnostics } = await planOf(text);
  return diagnostics.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

test("a `from` that names no node is reported at its place, with the nearest name", async () => {
  const text = `sources:
  meters: { type: test/push }
sinks:
  out: { type: test/collect, from: [mters, zzzzzz] }
`;
  assert.deepEqual(await sentences(text), [
    '4:37 Cannot take from "mters" as there is no node of that name: did you mean "meters"?',
    '4:44 Cannot take from "zzzzzz" as there is no node of that name',
  ]);
});

test("an outlet that is not there is reported with those that are", async () => {
  const text = `sources:
  meters: { type: test/push }
sinks:
  out: { type: test/collect, from: meters.rejcted }
  other: { type: test/collect, from: meters.everything }
`;
  assert.deepEqual(await sentences(text), [
    '4:36 Cannot take from "meters.rejcted" as "meters" has no such outlet: did you mean "rejected"?',
    '5:38 Cannot take from "meters.everything" as "meters" has no such outlet: it has "observations", "rejected"',
  ]);
});

test("what flows must be what the taker takes", async () => {
  const text = `sources:
  meters: { type: test/push }
buffers:
  raw: { type: memory, from: meters }
  odd: { type: memory, from: meters.rejected }
blocks:
  passed: { type: pass, from: [raw, odd] }
`;
  assert.deepEqual(await sentences(text), [
    '5:30 Cannot take from "meters.rejected" as memory takes observations: it is dead-letters',
  ]);
});

test("sinks and stores emit nothing to take", async () => {
  const text = `stores:
  main: { type: memory }
sources:
  meters: { type: test/push }
sinks:
  out: { type: test/collect, from: meters }
  more: { type: test/collect, from: [out, main] }
`;
  assert.deepEqual(await sentences(text), [
    '7:38 Cannot take from "out" as a sink emits nothing',
    '7:43 Cannot take from "main" as a store emits nothing',
  ]);
});

test("a store that is not there is reported with the nearest name, or with the section that is missing", async () => {
  const blocks = `sources:
  meters: { type: test/push }
blocks:
  rollups: { type: processor, from: meters, store: mian, aggregators: [1m] }
`;
  assert.deepEqual(await sentences(`${blocks}stores:\n  main: { type: memory }\n`), [
    '4:52 Cannot use the store "mian" as there is none of that name: did you mean "main"?',
  ]);
  assert.deepEqual(await sentences(blocks), [
    '4:52 Cannot use the store "mian" as there is none of that name: the file has no section `stores`',
  ]);
});

test("derivators and derivations that nobody brings are reported at their places", async () => {
  const text = `stores:
  main: { type: memory }
sources:
  meters: { type: test/push }
blocks:
  rollups: { type: processor, from: meters, store: main, derivators: [p95], derive: [speed] }
`;
  assert.deepEqual(await sentences(text), [
    '6:71 Cannot use the derivator "p95" as there is none of that name: did you mean "p90"?',
    '6:86 Cannot use the derivation "speed" as there is none of that name: no plugin brings any',
  ]);
});

test("blocks of which one stores what the other computes must agree on what that is", async () => {
  const text = `stores:
  main: { type: memory }
  other: { type: memory }
sources:
  meters: { type: test/push }
blocks:
  messages: { type: message, from: meters, store: main, aggregators: [1m, 1h] }
  rollups: { type: aggregation, from: messages.updates, store: other, aggregators: [1m] }
  same: { type: aggregation, from: messages.updates, store: main, aggregators: [1m, 1h] }
`;
  const rule = 'it must be that of "messages", whose updates it takes: it is not';
  assert.deepEqual(await sentences(text), [
    `8:64 Cannot use "other" for store in "rollups" as ${rule} "main"`,
    `8:84 Cannot use ["1m"] for aggregators in "rollups" as ${rule} ["1m","1h"]`,
  ]);
});

test("a node that is no store cannot be used as one", async () => {
  const text = `sources:
  meters: { type: test/push }
blocks:
  rollups: { type: processor, from: meters, store: meters, aggregators: [1m] }
`;
  assert.deepEqual(await faults(text), ["4:52 WIRING_INVALID"]);
});

test("sources and buffers that nothing takes from are reported, also where only their rejects are taken", async () => {
  const text = `sources:
  idle: { type: test/push }
  bad: { type: test/push }
  fine: { type: test/push }
buffers:
  raw: { type: memory, from: fine }
sinks:
  out: { type: test/collect, from: bad.rejected }
`;
  assert.deepEqual(await sentences(text), [
    '2:3 Cannot run "idle" as nothing takes what it emits',
    '3:3 Cannot run "bad" as nothing takes what it emits',
    '6:3 Cannot run "raw" as nothing takes what it emits',
  ]);
});

test("a taker with faults of its own is still a taker", async () => {
  const unknownType = `sources:
  meters: { type: test/push }
sinks:
  out: { type: test/colect, from: meters }
`;
  assert.deepEqual(await faults(unknownType), ["4:16 COMPONENT_UNKNOWN"]);

  const wrongSetting = `sources:
  meters: { type: test/push }
sinks:
  out: { type: test/collect, from: meters, colour: red }
`;
  assert.deepEqual(await faults(wrongSetting), ["4:44 SETTING_UNKNOWN"]);

  const onlyRejectsSeen = `sources:
  meters: { type: test/push }
sinks:
  out: { type: test/colect, from: meters }
  bad: { type: test/collect, from: meters.rejected }
`;
  assert.deepEqual(await faults(onlyRejectsSeen), ["4:16 COMPONENT_UNKNOWN"]);
});

test("a taker whose `from` is missing may have meant any source", async () => {
  const text = `sources:
  meters: { type: test/push }
sinks:
  out: { type: test/collect }
`;
  assert.deepEqual(await faults(text), ["4:3 SETTING_MISSING"]);
});

test("wires from a node of an unknown type are no further faults", async () => {
  const text = `sources:
  meters: { type: test/psh }
sinks:
  out: { type: test/collect, from: meters.anything }
`;
  assert.deepEqual(await faults(text), ["2:19 COMPONENT_UNKNOWN"]);
});

test("a name that stands twice means the first, and makes no further faults", async () => {
  const text = `sources:
  meters: { type: test/push }
sinks:
  out: { type: test/collect, from: meters }
  meters: { type: test/collect, from: meters }
`;
  assert.deepEqual(await faults(text), ["5:3 SETTING_DUPLICATE"]);
});

test("a cycle of blocks that neither drop nor buffer is reported at the wire that closes it", async () => {
  const text = `sources:
  meters: { type: test/push }
blocks:
  first: { type: pass, from: [meters, third] }
  second: { type: pass, from: first }
  third: { type: pass, from: second }
`;
  assert.deepEqual(await sentences(text), [
    "4:39 Cannot run the cycle first -> second -> third -> first as a node on it must discard, limit or buffer: none does",
  ]);
});

test("a block that takes from itself is a cycle", async () => {
  const text = `sources:
  meters: { type: test/push }
blocks:
  first: { type: pass, from: [meters, first] }
`;
  assert.deepEqual(await faults(text), ["4:39 CYCLE_UNBOUNDED"]);
});

test("a cycle with a buffer or a bounding block on it is legal", async () => {
  const cycle = (between: string) => `sources:
  meters: { type: test/push }
${between}
blocks:
  first: { type: pass, from: [meters, back] }
  second: { type: pass, from: first }
`;
  assert.deepEqual(await faults(cycle("buffers:\n  back: { type: memory, from: second }")), []);
  const limited = cycle("").replace("second: {", "back: { type: limit, from: second }\n  second: {");
  assert.deepEqual(await faults(limited), []);
});

test("a legal cycle does not hide an illegal one that shares its wires", async () => {
  const text = `sources:
  meters: { type: test/push }
blocks:
  first: { type: pass, from: [meters, last] }
  bounded: { type: limit, from: first }
  last: { type: pass, from: [bounded, free] }
  free: { type: pass, from: first }
`;
  assert.deepEqual(await sentences(text), [
    "4:39 Cannot run the cycle first -> free -> last -> first as a node on it must discard, limit or buffer: none does",
  ]);
});

test("faults of settings and of wiring come in one pass, in order of their places", async () => {
  const text = `sources:
  meters: { type: test/push, colour: red }
  idle: { type: test/push }
buffers:
  raw: { type: memory, from: [meters, metres], max_rows: 0 }
blocks:
  rollups: { type: processor, from: raw.rejected, store: main, aggregators: [1m] }
sinks:
  out: { type: nowhere, from: rollups.aggregations }
`;
  assert.deepEqual(await faults(text), [
    "2:30 SETTING_UNKNOWN",
    "3:3 WIRING_INVALID",
    "5:39 WIRING_INVALID",
    "5:58 SETTING_INVALID",
    "7:37 WIRING_INVALID",
    "7:58 WIRING_INVALID",
    "9:16 COMPONENT_UNKNOWN",
  ]);
});

test("the store of a block is checked even where another of its settings has a fault", async () => {
  const text = `sources:
  meters: { type: test/push }
blocks:
  rollups: { type: processor, from: meters, store: main, aggregators: [7x] }
`;
  assert.deepEqual(await faults(text), ["4:52 WIRING_INVALID", "4:72 SETTING_INVALID"]);
});

test("a node that is no mapping is one fault, and wires to it and from it are none", async () => {
  const text = `sources:
  meters: 5
  other: { type: test/push }
sinks:
  out: { type: test/collect, from: meters }
  more: stdout/json
`;
  assert.deepEqual(await faults(text), ["2:3 SETTING_INVALID", "6:3 SETTING_INVALID"]);
});
