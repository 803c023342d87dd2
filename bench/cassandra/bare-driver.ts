import { rm } from "node:fs/promises";
import { Client, types } from "cassandra-driver";
import { defineStore } from "../../blocks/model/component.ts";
import type { StoreWrite } from "../../blocks/model/store.ts";
import { record } from "../../config/declare.ts";
import type { Batch, BatchRow } from "../../connectors/cassandra/client.ts";
import { WritePlan } from "../../connectors/cassandra/write-plan.ts";
import { MemoryStore } from "../../connectors/memory/store.ts";
import { Engine } from "../../graphs/engine.ts";
import { systemClock } from "../../runtime/clock/system-clock.ts";
import { Sink } from "../../runtime/streams/sink.ts";
import { benchFolder } from "../bench-folder.ts";
import { plannedGraph } from "../planned-graph.ts";
import { type SensorRows, sensorRows } from "../sensor-rows.ts";
import { sensorSource } from "../sensor-source.ts";
import type { Participant } from "../workload.ts";
import { graphText } from "./engine-graph.ts";
import { type BenchKeyspaces, benchKeyspaces } from "./server.ts";

/** The engine's own default. */
const parallelism = 32;

/**
 * The driver alone, with the batches that the engine sends: the writes are made before the clock starts, by a run of the same graph
 * whose store keeps them instead of sending them, and so is the index of series. On the clock their values are encoded, as
 * cheaply as the engine does it, and sent. It does less than the engine in all else: nothing is appended to a disk, sorted,
 * rolled up, committed or asked of the store.
 */
export const bareDriver: Participant = {
  name: "cassandra-driver",
  async open({ rows, seed }) {
    const columns = sensorRows(rows, seed);
    return {
      async prepare() {
        const keyspaces = await benchKeyspaces();
        const plans = await plansOf(columns, keyspaces);
        await keyspaces.index(plans.flatMap((plan) => [...plan.shardUses()]));
        const client = new Client({
          contactPoints: [keyspaces.contactPoint],
          localDataCenter: "datacenter1",
          encoding: { map: Map },
        });
        await client.connect();
        return {
          elements: columns.length,
          run: () => send(client, batchesOf(plans)),
          async finish() {
            await client.shutdown();
            return keyspaces.finish();
          },
        };
      },
    };
  },
};

async function send(client: Client, batches: Generator<Batch>): Promise<void> {
  const consistency = types.consistencies.localQuorum;
  const worker = async () => {
    for (const batch of batches) {
      const { rows, timestamp } = batch;
      const options = { prepare: true, isIdempotent: true, consistency, timestamp };
      const [only] = rows;
      if (rows.length === 1 && only !== undefined) await client.execute(only.query, only.params, options);
      else await client.batch(rows as BatchRow[], { ...options, logged: false });
    }
  };
  await Promise.all(Array.from({ length: parallelism }, worker));
}

function* batchesOf(plans: readonly WritePlan[]): Generator<Batch, void, undefined> {
  for (const plan of plans) yield* plan.batches();
}

async function plansOf(columns: SensorRows, keyspaces: BenchKeyspaces): Promise<WritePlan[]> {
  const plans: WritePlan[] = [];
  const options = { keyspaces, sharder: "month", batchBytesMax: 40 * 1024 } as const;
  class KeepingStore extends MemoryStore {
    override async write(write: StoreWrite): Promise<void> {
      // The blocks use the columns of data points again.
      const observations = write.observations?.map(({ points: { time, values }, ...more }) => ({
        ...more,
        points: { time: time.slice(), values: values.slice() },
      }));
      plans.push(new WritePlan({ ...write, ...(observations && { observations }) }, 0, options));
      await super.write(write);
    }
  }
  const keeping = defineStore({
    type: "bench/keeping",
    summary: "Keeps every write.",
    settings: record({}),
    open: async () => new KeepingStore(),
  });
  const folder = await benchFolder();
  const text = graphText(folder, "").replace("type: cassandra, ", "type: bench/keeping");
  const { planned, catalogue } = await plannedGraph(text, sensorSource(columns), keeping);
  const engine = await Engine.start(planned, { catalogue, clock: systemClock, deadLetters: async () => Sink.ignore() });
  await engine.untilIdle();
  await rm(folder, { recursive: true });
  return plans;
}
