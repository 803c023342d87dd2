import { rm } from "node:fs/promises";
import { join } from "node:path";
import { Engine } from "../../graphs/engine.ts";
import { systemClock } from "../../runtime/clock/system-clock.ts";
import { Sink } from "../../runtime/streams/sink.ts";
import { benchFolder } from "../bench-folder.ts";
import { plannedGraph } from "../planned-graph.ts";
import { sensorRows } from "../sensor-rows.ts";
import { sensorSource } from "../sensor-source.ts";
import type { Participant } from "../workload.ts";
import { benchKeyspaces } from "./server.ts";

/**
 * The engine end to end: a graph file with a source of chunks, a disk buffer of one partition, the processor with the
 * aggregators 1m, 1h and 1d, and a Cassandra store with its defaults. On the clock: start, all rows appended to the buffer while
 * it is read, everything rolled up, written, settled and committed, stop.
 */
export const engineGraph: Participant = {
  name: "millrace",
  async open({ rows, seed }) {
    const columns = sensorRows(rows, seed);
    return {
      async prepare() {
        const folder = await benchFolder();
        const keyspaces = await benchKeyspaces();
        const { planned, catalogue } = await plannedGraph(graphText(folder, keyspaces.yaml), sensorSource(columns));
        return {
          elements: columns.length,
          async run() {
            const deadLetters = async () => Sink.ignore();
            const engine = await Engine.start(planned, { catalogue, clock: systemClock, deadLetters });
            await engine.untilIdle();
          },
          async finish() {
            await rm(folder, { recursive: true });
            return keyspaces.finish();
          },
        };
      },
    };
  },
};

export const graphText = (folder: string, store: string) => `
name: bench
stores:
  main: { type: cassandra, ${store} }
sources:
  sensors: { type: bench/sensors }
buffers:
  raw: { type: disk, path: ${JSON.stringify(join(folder, "buffer"))}, from: sensors }
blocks:
  rollups: { type: processor, from: raw, store: main, aggregators: [1m, 1h, 1d] }
`;
