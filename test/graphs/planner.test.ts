import assert from "node:assert/strict";
import { test } from "vitest";
import { defineBlock, defineComposite } from "../../blocks/model/component.ts";
import { record } from "../../config/declare.ts";
import type { Plan } from "../../graphs/plan.ts";
import { planOf, World } from "./test-graph.ts";

const plant = (blocks: string, sinks = "") => `stores:
  main: { type: memory }
sources:
  meters: { type: test/push }
buffers:
  raw: { type: memory, from: meters }
blocks:
${blocks}
${sinks}`;

async function sound(text: string, world = new World()): Promise<Plan> {
  const { plan, diagnostics } = await planOf(text, world.catalogue);
  assert.deepEqual(
    diagnostics.map(({ message }) => message),
    [],
  );
  return plan;
}

const wiresOf = ({ wires }: Plan) =>
  wires.map(({ from, outlet, kind, to }) => `${from.name}.${outlet} -> ${to.name} (${kind})`);

test("a processor becomes its blocks, without those that nothing listens to", async () => {
  const plan = await sound(plant("  rollups: { type: processor, from: raw, store: main, aggregators: [1m] }"));
  assert.deepEqual(wiresOf(plan), [
    "rollups/message.updates -> rollups/aggregation (updates)",
    "rollups/message.tags -> rollups/tag (tags)",
    "meters.observations -> raw (observations)",
    "raw.observations -> rollups/message (observations)",
  ]);
});

test("the outlets of a processor come out of its blocks", async () => {
  const blocks = "  rollups: { type: processor, from: raw, store: main, aggregators: [1m] }";
  const sinks = `sinks:
  points: { type: test/collect, from: rollups }
  buckets: { type: test/collect, from: rollups.aggregations }
`;
  const wires = wiresOf(await sound(plant(blocks, sinks)));
  assert.ok(wires.includes("rollups/message.observations -> rollups/observation (observations)"));
  assert.ok(wires.includes("rollups/observation.observations -> points (observations)"));
  assert.ok(wires.includes("rollups/aggregation.aggregations -> buckets (aggregations)"));
});

test("the graph is cut at its buffers, and a segment goes by its first node in the file", async () => {
  const text = `stores:
  main: { type: memory }
sources:
  meters: { type: test/push }
  boiler: { type: test/push }
buffers:
  raw: { type: memory, from: [meters, boiler] }
  clean: { type: memory, from: passed }
blocks:
  passed: { type: pass, from: raw }
  rollups: { type: processor, from: clean, store: main, aggregators: [1m] }
sinks:
  out: { type: test/collect, from: clean }
`;
  const { segments } = await sound(text);
  assert.deepEqual(
    segments.map(({ name, reads, fills }) => [name, reads.map((node) => node.name), fills.map((node) => node.name)]),
    [
      ["meters", [], ["raw"]],
      ["boiler", [], ["raw"]],
      ["passed", ["raw"], ["clean"]],
      ["rollups", ["clean"], []],
      ["out", ["clean"], []],
    ],
  );
});

test("nodes that are wired without a buffer are one segment", async () => {
  const text = `sources:
  meters: { type: test/push }
  boiler: { type: test/push }
blocks:
  passed: { type: pass, from: [meters, boiler] }
sinks:
  out: { type: test/collect, from: passed }
`;
  const { segments } = await sound(text);
  assert.deepEqual(
    segments.map(({ name, nodes }) => [name, nodes.map((node) => node.name)]),
    [["meters", ["meters", "boiler", "passed", "out"]]],
  );
});

test("a wire from buffer to buffer is a segment whose name no node can have", async () => {
  const text = `sources:
  meters: { type: test/push }
buffers:
  raw: { type: memory, from: meters }
  more: { type: memory, from: raw }
sinks:
  raw-more: { type: test/collect, from: raw }
  out: { type: test/collect, from: more }
`;
  const { segments } = await sound(text);
  assert.deepEqual(
    segments.map(({ name }) => name),
    ["meters", "raw-more", "out", "raw.more"],
  );
});

test("the blocks of one composite are one segment even without wires between them", async () => {
  const world = new World();
  const leaf = world.catalogue.blocks.get("pass");
  assert.ok(leaf?.kind === "block");
  world.catalogue.add(defineBlock({ ...leaf, type: "leaf" }));
  world.catalogue.add(
    defineComposite({
      type: "twins",
      summary: "Two blocks that know nothing of each other.",
      accepts: ["observations"],
      outlets: {},
      bounds: false,
      settings: record({}),
      expand: () => ({
        nodes: { left: { type: "leaf", settings: {} }, right: { type: "leaf", settings: {} } },
        wires: [
          { from: "in", to: "left" },
          { from: "in", to: "right" },
        ],
        outlets: {},
      }),
    }),
  );
  const { segments } = await sound(plant("  pair: { type: twins, from: raw }"), world);
  assert.deepEqual(
    segments.map(({ name, nodes }) => [name, nodes.map((node) => node.name)]),
    [
      ["meters", ["meters"]],
      ["pair", ["pair/left", "pair/right"]],
    ],
  );
});

test("a drawing has the nodes of the file, and who writes which store", async () => {
  const { drawn } = await sound(plant("  rollups: { type: processor, from: raw, store: main, aggregators: [1m] }"));
  assert.deepEqual(
    drawn.nodes.map(({ name }) => name),
    ["main", "meters", "raw", "rollups"],
  );
  assert.deepEqual(drawn.edges, [
    { from: "meters", outlet: "observations", kind: "observations", to: "raw" },
    { from: "raw", outlet: "observations", kind: "observations", to: "rollups" },
    { from: "rollups", outlet: "", kind: "writes", to: "main" },
  ]);
});
