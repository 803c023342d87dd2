import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { defineSource } from "../../blocks/model/component.ts";
import { builtInCatalogue } from "../../cli/catalogue.ts";
import { record } from "../../config/declare.ts";
import { readGraphText } from "../../config/graph-file.ts";
import type { Catalogue } from "../../graphs/catalogue.ts";
import { Engine } from "../../graphs/engine.ts";
import type { Plan } from "../../graphs/plan.ts";
import { plan } from "../../graphs/planner.ts";
import { systemClock } from "../../runtime/clock/system-clock.ts";
import { Sink } from "../../runtime/streams/sink.ts";
import { Source } from "../../runtime/streams/source.ts";
import { benchFolder } from "../bench-folder.ts";
import { internSensors, sensorChunks } from "../sensor-chunks.ts";
import { type SensorRows, sensorRows } from "../sensor-rows.ts";
import type { Participant } from "../workload.ts";
import { storedChecksum } from "./stored-checksum.ts";

/**
 * The engine with everything: a graph file with a source of chunks of 1,024 rows, a disk buffer of one partition, the processor
 * with the aggregators 1m, 1h and 1d, and an embedded store. On the clock: start, all rows appended to the buffer while it is
 * read, everything settled, rolled up, durable and committed, stop.
 */
export const diskGraph: Participant = {
  name: "millrace",
  async open({ rows, seed }) {
    const columns = sensorRows(rows, seed);
    return {
      async prepare() {
        const folder = await benchFolder();
        const { planned, catalogue } = await plannedGraph(folder, columns);
        return {
          elements: columns.length,
          async run() {
            const deadLetters = async () => Sink.ignore();
            const engine = await Engine.start(planned, { catalogue, clock: systemClock, deadLetters });
            await engine.untilIdle();
          },
          async finish() {
            const checksum = await storedChecksum(join(folder, "store"));
            await rm(folder, { recursive: true });
            return checksum;
          },
        };
      },
    };
  },
};

async function plannedGraph(folder: string, rows: SensorRows): Promise<{ planned: Plan; catalogue: Catalogue }> {
  const text = `
name: bench
stores:
  main: { type: embedded, path: ${JSON.stringify(join(folder, "store"))} }
sources:
  sensors: { type: bench/sensors }
buffers:
  raw: { type: disk, path: ${JSON.stringify(join(folder, "buffer"))}, from: sensors }
blocks:
  rollups: { type: processor, from: raw, store: main, aggregators: [1m, 1h, 1d] }
`;
  const catalogue = builtInCatalogue();
  catalogue.add(sensorSource(rows));
  let planned: Plan | undefined;
  const { diagnostics } = await readGraphText(text, "bench.yaml", {
    catalogue,
    environment: {},
    readText: () => assert.fail("the graph includes nothing"),
    check: (graph, faults) => {
      planned = plan(graph, catalogue, faults);
    },
  });
  assert.deepEqual(diagnostics, []);
  assert(planned !== undefined, "a sound graph has a plan");
  return { planned, catalogue };
}

function sensorSource(rows: SensorRows) {
  return defineSource({
    type: "bench/sensors",
    summary: "Hands in prepared rows.",
    delivery: "at-most-once",
    finite: () => true,
    settings: record({}),
    async open(_settings, { table }) {
      const failed = (error: Error) => {
        throw error;
      };
      return Source.from(sensorChunks(rows, internSensors(table), { settled: () => {}, failed }));
    },
  });
}
