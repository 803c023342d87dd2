import { defineStore } from "../../blocks/model/component.ts";
import type { Clock } from "../../runtime/clock/clock.ts";
import { systemClock } from "../../runtime/clock/system-clock.ts";
import { type Log, silentLog } from "../../runtime/log.ts";
import { CassandraStore } from "./cassandra-store.ts";
import { CassandraClient } from "./client.ts";
import { checkSchema, prepareSchema } from "./schema.ts";
import { type StoreSettings, schemaSettings, storeSettings } from "./settings.ts";

export const cassandraStore = defineStore({
  type: "cassandra",
  summary: "Keeps observations, rollups and tags in a cluster of Cassandra.",
  settings: storeSettings,
  open: (settings, { clock, log }) => open(settings, clock, log, false),
  openReadOnly: (settings) => open(settings, systemClock, silentLog, true),
});

async function open(settings: StoreSettings, clock: Clock, log: Log, readOnly: boolean): Promise<CassandraStore> {
  const { keyspaces, sharder, batch_bytes } = settings;
  const client = await CassandraClient.open(settings, clock, log);
  try {
    if (readOnly) await checkSchema(client, schemaSettings(settings));
    else await prepareSchema(client, schemaSettings(settings), clock);
    return new CassandraStore(client, clock, { keyspaces, sharder, batchBytesMax: batch_bytes, readOnly });
  } catch (thrown) {
    await client.close(Promise.resolve());
    throw thrown;
  }
}
