import {
  byteSize,
  choice,
  dictionary,
  duration,
  integer,
  list,
  port,
  record,
  type SettingsOf,
  text,
} from "../../config/declare.ts";
import { securityPolicy } from "../../config/security-policy.ts";
import { consistencies } from "./client.ts";
import { keyspacePattern } from "./keyspaces.ts";
import type { SchemaSettings } from "./schema.ts";

const keyspace = (doc: string, name: string) => text(doc, { default: name, pattern: keyspacePattern });

/** How to reach a cluster. */
export const clusterSettings = {
  nodes: list(
    "Nodes to begin with; the others are learnt from them.",
    record({
      host: text("Name or address of the node."),
      port: port("TCP port for clients.", { default: 9042 }),
    }),
    { min: 1 },
  ),
  local_data_center: text("Datacenter whose nodes are asked.", { default: "datacenter1" }),
  security: securityPolicy(),
  max_ttr: duration("Longest wait between two tries to connect, and between two tries of a request.", {
    default: "15 seconds",
  }),
};

export const storeSettings = record({
  ...clusterSettings,
  keyspaces: record({
    raw: keyspace("Keyspace of the data points.", "millrace_ts"),
    aggregated: keyspace(
      "Keyspace of the rollups, the tags and the version of the tables; may be the same.",
      "millrace",
    ),
  }).prefault({}),
  replication: dictionary(
    "Copies by datacenter, for keyspaces that are not there yet; one in `local_data_center` unless told.",
    integer("Copies.", { min: 1, max: 100 }),
    { optional: true },
  ),
  consistency: choice("How many copies must have answered.", consistencies, { default: "local_quorum" }),
  parallelism: integer("Requests in flight at once.", { min: 1, max: 2_000, default: 32 }),
  sharder: choice("Length of a shard of time: by `day` or by `month`. It cannot be changed later.", ["day", "month"], {
    default: "month",
  }),
  ttl: record({
    raw: duration("How long data points are kept after they were written; for ever unless told.", {
      min: "1 minute",
      optional: true,
    }),
    aggregated: duration("How long rollups are kept after they were last written; for ever unless told.", {
      min: "1 minute",
      optional: true,
    }),
  }).prefault({}),
  batch_bytes: byteSize("Most bytes of one batch. Servers refuse those beyond batch_size_fail_threshold.", {
    default: "40 KiB",
  }),
});

export type StoreSettings = SettingsOf<typeof storeSettings>;

export function schemaSettings(given: StoreSettings): SchemaSettings {
  const seconds = (ms: number | undefined) => (ms === undefined ? 0 : Math.ceil(ms / 1000));
  return {
    keyspaces: given.keyspaces,
    sharder: given.sharder,
    replication: given.replication ?? { [given.local_data_center]: 1 },
    options: { rawTtl: seconds(given.ttl.raw), aggregatedTtl: seconds(given.ttl.aggregated) },
  };
}
