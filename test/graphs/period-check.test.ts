import assert from "node:assert/strict";
import { test } from "vitest";
import { aggregationBlock } from "../../blocks/aggregation.ts";
import { memoryStore } from "../../connectors/memory/store.ts";
import { Catalogue } from "../../graphs/catalogue.ts";
import { plan } from "../../graphs/planner.ts";
import { readGraphText } from "../../config/graph-file.ts";

async function sentences(text: string): Promise<string[]> {
  const catalogue = new Catalogue();
  catalogue.add(aggregationBlock);
  catalogue.add(memoryStore);
  const { diagnostics } = await readGraphText(text, "plant.yaml", {
    catalogue,
    environment: {},
    readText: async () => "",
    check: (graph, faults) => plan(graph, catalogue, faults),
  });
  return diagnostics.filter(({ code }) => code === "SETTING_INVALID").map(({ line, message }) => `${line} ${message}`);
}

const graph = (zone: string, aggregators: string) => `timezone: ${zone}
stores:
  main: { type: memory }
blocks:
  rollups: { type: aggregation, from: rollups, store: main, aggregators: ${aggregators} }
`;

test("an aggregator beyond a day that is no whole days is reported where the graph has a zone, and not in UTC", async () => {
  assert.deepEqual(await sentences(graph("Europe/Brussels", "[1h, 36h]")), [
    '5 Cannot use an aggregator as beyond a day it must be whole days where the time zone is Europe/Brussels: it is "36h"',
  ]);
  assert.deepEqual(await sentences(graph("Europe/Brussels", "[1h, 24h]")), []);
  assert.deepEqual(await sentences(graph("UTC", "[1h, 36h]")), []);
});

test.each(["Europe/Bruxelles", "+01:00", '""'])("%s is no time zone", async (zone) => {
  const [sentence] = await sentences(graph(zone, "[1h]"));
  assert.match(sentence ?? "", /^1 .*it must be a time zone such as UTC or Europe\/Brussels/);
});
