import assert from "node:assert/strict";
import { DerivatorSet } from "../../blocks/rollup/derivator-set.ts";
import { floatResult, floatStateWidth } from "../../blocks/derivators/float-state.ts";
import { defineSource, defineStore } from "../../blocks/model/component.ts";
import type { Derivator } from "../../blocks/model/derivator.ts";
import type { HeavyTask } from "../../blocks/model/heavy-task.ts";
import type { ObservationChunk } from "../../blocks/model/observation-chunk.ts";
import { SeriesTable } from "../../blocks/model/series.ts";
import { builtInCatalogue } from "../../cli/catalogue.ts";
import { record } from "../../config/declare.ts";
import { readGraphText } from "../../config/graph-file.ts";
import { MemoryStore } from "../../connectors/memory/store.ts";
import { Engine } from "../../graphs/engine.ts";
import type { Plan } from "../../graphs/plan.ts";
import { plan } from "../../graphs/planner.ts";
import { systemClock } from "../../runtime/clock/system-clock.ts";
import { Sink } from "../../runtime/streams/sink.ts";
import { Source } from "../../runtime/streams/source.ts";
import { threadArguments } from "../../test/runtime/workers/thread-arguments.ts";
import { type Checksum, ExactSum } from "../checksum.ts";
import { internSensors, sensorChunks } from "../sensor-chunks.ts";
import { type SensorRows, sensorRows, seriesCount } from "../sensor-rows.ts";
import type { Participant } from "../workload.ts";
import { sampleEntropy } from "./sample-entropy.ts";

/**
 * A graph file with the processor at 10 minutes, a store in memory and a derivator whose cost is the square of a bucket's values;
 * in the pool of two threads, which have loaded it before the clock starts, or in place.
 */
export function heavyGraph(name: string, heavy: boolean): Participant {
  return {
    name,
    async open({ rows, seed }) {
      const columns = sensorRows(rows, seed);
      return {
        async prepare() {
          const kept = new MemoryStore();
          let begin = () => {};
          const begun = new Promise<void>((resolve) => {
            begin = resolve;
          });
          const { planned, catalogue } = await plannedGraph(columns, begun, kept, heavy);
          const deadLetters = async () => Sink.foreach(() => assert.fail("nothing must be refused"));
          const engine = await Engine.start(planned, {
            catalogue,
            clock: systemClock,
            workers: { execArgv: threadArguments },
            deadLetters,
          });
          if (heavy) await Promise.all(Array.from({ length: 2 }, () => engine.heavy.run(() => firstTask)));
          return {
            elements: columns.length,
            async run() {
              begin();
              await engine.untilIdle();
            },
            finish: () => checksumOf(kept),
          };
        },
      };
    },
  };
}

const module = new URL("./sample-entropy.ts", import.meta.url).href;
const { name: choice } = sampleEntropy;
/** The state of no values. */
const firstTask: HeavyTask = {
  ...{ module, exportName: "sampleEntropy", choice, stateName: choice },
  step: { kind: "encode" },
};

async function plannedGraph(rows: SensorRows, begun: Promise<void>, kept: MemoryStore, heavy: boolean) {
  const text = `
name: bench
workers: { threads: 2 }
stores:
  main: { type: bench/kept }
sources:
  sensors: { type: bench/sensors }
blocks:
  rollups: { type: processor, from: sensors, store: main, aggregators: [10m], derivators: [sample_entropy], grouper: { size: 1000000 } }
`;
  const catalogue = builtInCatalogue();
  catalogue.add({
    ...(sampleEntropy as Derivator),
    heavy,
    origin: { plugin: "./sample-entropy.ts", module, exportName: "sampleEntropy" },
  });
  catalogue.add(
    defineStore({
      type: "bench/kept",
      summary: "Stays when the engine closes it.",
      settings: record({}),
      open: async () => Object.defineProperty(kept, "close", { value: async () => {} }),
    }),
  );
  catalogue.add(
    defineSource({
      type: "bench/sensors",
      summary: "Hands in prepared rows.",
      delivery: "at-most-once",
      finite: () => true,
      settings: record({}),
      open: async (_settings, { table }) =>
        Source.from(chunksAfter(begun, sensorChunks(rows, internSensors(table), outcome))),
    }),
  );
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

const outcome = { settled: () => {}, failed: assert.fail };

async function* chunksAfter(begun: Promise<void>, chunks: Iterable<ObservationChunk>) {
  await begun;
  yield* chunks;
}

async function checksumOf(store: MemoryStore): Promise<Checksum> {
  const table = internSensors(new SeriesTable());
  const everything = { from: 0, to: Number.MAX_SAFE_INTEGER };
  const ranges = Array.from({ length: seriesCount }, (_, index) => ({ series: table.at(index), ...everything }));
  const set = new DerivatorSet("tdouble", [sampleEntropy]);
  const entropies = new ExactSum();
  let [rows, buckets] = [0, 0];
  for (const { floats = new Float64Array(0), bytes = [] } of await store.readStates("10m", ranges)) {
    bytes.forEach((encoded, row) => {
      const states = set.decode(encoded);
      assert(set.has(states, "sample_entropy"), "every bucket has the value");
      entropies.add((set.result(states, "sample_entropy") as number | undefined) ?? 0);
      rows += floatResult(floats, row * floatStateWidth, "count");
      buckets += 1;
    });
  }
  return { counts: { rows, buckets }, sums: { entropies: entropies.value } };
}
