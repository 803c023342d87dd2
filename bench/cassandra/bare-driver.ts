import { rm } from "node:fs/promises";
import { Client, types } from "cassandra-driver";
import { defineStore } from "../../blocks/model/component.ts";
import type { StoreWrite } from "../../blocks/model/store.ts";
import { record } from "../../config/declare.ts";
import type { Batch } from "../../connectors/cassandra/client.ts";
import type { ShardUse } from "../../connectors/cassandra/series-index.ts";
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
const parallelism = 64;

/**
 * The driver alone, with the batches that the engine sends: they are made before the clock starts, values encoded and all, by a
 * run of the same graph whose store keeps them instead of sending them; the index of series is written before too. It does less than the engine in all else: nothing is
 * appended to a disk, sorted, rolled up, committed or asked of the store.
 */
export const bareDriver: Participant = {
  name: "cassandra-driver",
  async open({ rows, seed }) {
    const columns = sensorRows(rows, seed);
    return {
      async prepare() {
        const keyspaces = await benchKeyspaces();
        const { batches, uses } = await batchesOf(columns, keyspaces);
        await keyspaces.index(uses);
        const client = new Client({
          contactPoints: [keyspaces.contactPoint],
          localDataCenter: "datacenter1",
          encoding: { map: Map },
        });
        await client.connect();
        return {
          elements: columns.length,
          run: () => send(client, batches),
          async finish() {
            await client.shutdown();
            return keyspaces.finish();
          },
        };
      },
    };
  },
};

async function send(client: Client, batches: readonly Batch[]): Promise<void> {
  let next = 0;
  const consistency = types.consistencies.localQuorum;
  const worker = async () => {
    for (let batch = batches[next++]; batch !== undefined; batch = batches[next++]) {
      const { query, rows, timestamp } = batch;
      const options = { prepare: true, isIdempotent: true, consistency, timestamp };
      const [only] = rows;
      if (rows.length === 1 && only !== undefined) await client.execute(query, [...only], options);
      else {
        const queries = rows.map((params) => ({ query, params: params as Buffer[] }));
        await client.batch(queries, { ...options, logged: false });
      }
    }
  };
  await Promise.all(Array.from({ length: parallelism }, worker));
}

async function batchesOf(columns: SensorRows, keyspaces: BenchKeyspaces) {
  const batches: Batch[] = [];
  const uses: ShardUse[] = [];
  const options = { keyspaces, sharder: "month", batchBytesMax: 40 * 1024 } as const;
  class KeepingStore extends MemoryStore {
    override async write(write: StoreWrite): Promise<void> {
      const plan = new WritePlan(write, write.revision ?? 0, options);
      uses.push(...plan.shardUses());
      batches.push(...plan.batches());
      await super.write(write);
    }
  }
  const keeping = defineStore({
    type: "bench/keeping",
    summary: "Keeps the batches of every write.",
    settings: record({}),
    open: async () => new KeepingStore(),
  });
  const folder = await benchFolder();
  const text = graphText(folder, "").replace("type: cassandra, ", "type: bench/keeping");
  const { planned, catalogue } = await plannedGraph(text, sensorSource(columns), keeping);
  const engine = await Engine.start(planned, { catalogue, clock: systemClock, deadLetters: async () => Sink.ignore() });
  await engine.untilIdle();
  await rm(folder, { recursive: true });
  return { batches, uses };
}
