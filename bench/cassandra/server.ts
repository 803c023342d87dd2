import assert from "node:assert/strict";
import { Client } from "cassandra-driver";
import { SeriesTable } from "../../blocks/model/series.ts";
import { CassandraClient } from "../../connectors/cassandra/client.ts";
import { SeriesIndex, type ShardUse } from "../../connectors/cassandra/series-index.ts";
import { cassandraStore } from "../../connectors/cassandra/store.ts";
import { systemClock } from "../../runtime/clock/system-clock.ts";
import { silentLog } from "../../runtime/log.ts";
import { status } from "../../tools/services/control.ts";
import type { Checksum } from "../checksum.ts";
import { sensorsChecksum } from "../sensors-checksum.ts";

/** Two new keyspaces of the server that `npm run services -- up cassandra` starts. */
export interface BenchKeyspaces {
  readonly contactPoint: string;
  readonly raw: string;
  readonly aggregated: string;
  /** Settings of the store as YAML. */
  readonly yaml: string;
  /** Puts series into the index, so that what is written to the tables is found. */
  index(uses: readonly ShardUse[]): Promise<void>;
  /** What is there now; then they are dropped. */
  finish(): Promise<Checksum>;
}

let count = 0;

/** Makes the keyspaces and their tables. */
export async function benchKeyspaces(): Promise<BenchKeyspaces> {
  const server = await status("cassandra");
  assert(server !== undefined, 'Cassandra must run: "npm run services -- up cassandra" starts it');
  count += 1;
  const aggregated = `bench_${process.pid}_${count}`;
  const raw = `${aggregated}_ts`;
  const settings = {
    nodes: [{ host: server.host, port: server.ports.cql }],
    keyspaces: { raw, aggregated },
  };
  const open = () =>
    cassandraStore.open(cassandraStore.settings.parse(settings), {
      ...{ graph: "bench", node: "main", clock: systemClock, log: silentLog, table: new SeriesTable() },
    });
  await (await open()).close();
  const contactPoint = `${server.host}:${server.ports.cql}`;
  return {
    contactPoint,
    raw,
    aggregated,
    yaml: JSON.stringify(settings).slice(1, -1),
    async index(uses) {
      const client = await CassandraClient.open(cassandraStore.settings.parse(settings), systemClock, silentLog);
      await new SeriesIndex(client, { raw, aggregated }).ensure(uses, 1);
      await client.close(Promise.resolve());
    },
    async finish() {
      const store = await open();
      const checksum = await sensorsChecksum(store);
      await store.close();
      const client = new Client({ contactPoints: [contactPoint], localDataCenter: "datacenter1" });
      for (const keyspace of [raw, aggregated]) await client.execute(`DROP KEYSPACE ${keyspace}`);
      await client.shutdown();
      return checksum;
    },
  };
}
