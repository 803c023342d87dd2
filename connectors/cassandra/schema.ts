import { randomUUID } from "node:crypto";
import type { ShardSize } from "../../blocks/model/shard.ts";
import type { Clock } from "../../runtime/clock/clock.ts";
import { EngineError } from "../../runtime/errors.ts";
import type { CassandraClient } from "./client.ts";
import type { Keyspaces } from "./keyspaces.ts";
import { alterTables, createTables, type TableOptions } from "./tables.ts";

/** The version that this engine reads and writes. */
export const schemaVersion = 1;

export interface SchemaSettings {
  readonly keyspaces: Keyspaces;
  readonly options: TableOptions;
  readonly sharder: ShardSize;
  /** Copies by datacenter, for keyspaces that are not there yet. */
  readonly replication: Readonly<Record<string, number>>;
}

/** How long a change may take before its lock counts as left behind, and how often others look. */
const lockSeconds = 120;
const lookMs = 500;

/**
 * Makes or brings up to date the keyspaces and tables. One engine at a time does, under a row that only one can write; the others
 * wait for it. Where the row with the version says that all is as it should be, nothing is changed.
 *
 * @throws {EngineError} `FORMAT_UNSUPPORTED` where tables are of a newer version or of another program; `SETTING_INVALID` where the
 *   sharder is another than that of the data; `STORE_FAILED`.
 */
export async function prepareSchema(client: CassandraClient, settings: SchemaSettings, clock: Clock): Promise<void> {
  if (await isCurrent(client, settings)) return;
  const { raw, aggregated } = settings.keyspaces;
  for (const keyspace of new Set([raw, aggregated])) await createKeyspace(client, keyspace, settings.replication);
  await refuseForeignTable(client, settings.keyspaces);
  await client.change(
    `CREATE TABLE IF NOT EXISTS ${aggregated}.schema_version (name text PRIMARY KEY, version int, sharder text,
       options text, lock text)`,
  );
  const owner = randomUUID();
  const deadline = clock.monotonic() + 2 * lockSeconds * 1000;
  while (!(await takeLock(client, aggregated, owner))) {
    if (clock.monotonic() > deadline) {
      throw new EngineError(
        "STORE_FAILED",
        "Cannot prepare the schema of Cassandra as another engine does not finish",
        {
          retryable: true,
        },
      );
    }
    await new Promise<void>((resolve) => clock.after(lookMs, resolve));
    if (await isCurrent(client, settings)) return;
  }
  try {
    if (await isCurrent(client, settings)) return;
    for (const statement of createTables(settings.keyspaces, settings.options)) await client.change(statement);
    for (const statement of alterTables(settings.keyspaces, settings.options)) await client.change(statement);
    await writeVersion(client, settings);
  } finally {
    await dropLock(client, aggregated, owner);
  }
}

/** Checks, without changing anything, that the store is there and can be read. @throws like `prepareSchema`. */
export async function checkSchema(client: CassandraClient, settings: SchemaSettings): Promise<void> {
  if ((await readVersion(client, settings)) !== undefined) return;
  const { aggregated } = settings.keyspaces;
  throw new EngineError(
    "STORE_FAILED",
    `Cannot read from the keyspace "${aggregated}" as no engine has written it yet`,
  );
}

async function isCurrent(client: CassandraClient, settings: SchemaSettings): Promise<boolean> {
  const found = await readVersion(client, settings);
  return found?.version === schemaVersion && found.options === optionsText(settings);
}

/** What the tables were last brought to. */
const optionsText = ({ keyspaces, options }: SchemaSettings) => JSON.stringify({ raw: keyspaces.raw, ...options });

async function readVersion(client: CassandraClient, { keyspaces, sharder }: SchemaSettings) {
  if (!(await tablesOf(client, keyspaces.aggregated)).has("schema_version")) return undefined;
  const query = `SELECT version, sharder, options FROM ${keyspaces.aggregated}.schema_version WHERE name = 'millrace'`;
  const [row] = await client.rows(query).catch((failure: unknown) => {
    // Another engine is making it: a table is listed a moment before it can be read.
    if (isInvalid(failure)) return [];
    throw failure;
  });
  const version = row?.version as number | null | undefined;
  if (row === undefined || version === null || version === undefined) return undefined;
  if (version > schemaVersion) {
    const rule = `this engine reads up to version ${schemaVersion}`;
    throw new EngineError(
      "FORMAT_UNSUPPORTED",
      `Cannot use the keyspace "${keyspaces.aggregated}" as ${rule}: it is ${version}`,
    );
  }
  if (row.sharder !== sharder) {
    const rule = `sharder must stay what it was when the tables were made, "${row.sharder}"`;
    throw new EngineError(
      "SETTING_INVALID",
      `Cannot use the keyspace "${keyspaces.aggregated}" as ${rule}: it is "${sharder}"`,
    );
  }
  return { version, options: row.options as string | null };
}

/** The server says that a request cannot be, for instance as a table is not there (protocol v5, section 9). */
function isInvalid(failure: unknown): boolean {
  return failure instanceof EngineError && (failure.cause as { code?: unknown } | undefined)?.code === 0x2200;
}

async function tablesOf(client: CassandraClient, keyspace: string): Promise<Set<string>> {
  const rows = await client.rows("SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?", [
    Buffer.from(keyspace),
  ]);
  return new Set(rows.map((row) => row.table_name as string));
}

async function createKeyspace(
  client: CassandraClient,
  keyspace: string,
  replication: SchemaSettings["replication"],
): Promise<void> {
  const found = await client.rows("SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?", [
    Buffer.from(keyspace),
  ]);
  if (found.length > 0) return;
  const copies = Object.entries(replication).map(([name, count]) => `'${name.replaceAll("'", "''")}': ${count}`);
  await client.change(
    `CREATE KEYSPACE IF NOT EXISTS ${keyspace}
     WITH replication = {'class': 'NetworkTopologyStrategy', ${copies.join(", ")}}`,
  );
}

/** TSorage's table of data points has the same name: written as ours, it would be a mixture of both. */
async function refuseForeignTable(client: CassandraClient, { raw }: Keyspaces): Promise<void> {
  const rows = await client.rows(
    "SELECT column_name FROM system_schema.columns WHERE keyspace_name = ? AND table_name = 'observations'",
    [Buffer.from(raw)],
  );
  if (rows.length === 0 || rows.some((row) => row.column_name === "value_json")) return;
  const rule = 'another program made its tables ("millrace migrate tsorage" copies those of TSorage into a new one)';
  throw new EngineError("FORMAT_UNSUPPORTED", `Cannot use the keyspace "${raw}" as ${rule}`);
}

function takeLock(client: CassandraClient, keyspace: string, owner: string): Promise<boolean> {
  return client.writeIf(
    `INSERT INTO ${keyspace}.schema_version (name, lock) VALUES ('lock', ?) IF NOT EXISTS USING TTL ${lockSeconds}`,
    [Buffer.from(owner)],
  );
}

async function dropLock(client: CassandraClient, keyspace: string, owner: string): Promise<void> {
  await client.writeIf(`DELETE FROM ${keyspace}.schema_version WHERE name = 'lock' IF lock = ?`, [Buffer.from(owner)]);
}

async function writeVersion(client: CassandraClient, settings: SchemaSettings): Promise<void> {
  const { keyspaces, sharder } = settings;
  const statement = `UPDATE ${keyspaces.aggregated}.schema_version SET version = ?, sharder = ?, options = ?
     WHERE name = 'millrace' IF version = null`;
  const version = Buffer.alloc(4);
  version.writeInt32BE(schemaVersion);
  const values = [version, Buffer.from(sharder), Buffer.from(optionsText(settings))];
  if (await client.writeIf(statement, values)) return;
  // It was there: only the options have changed.
  await client.writeIf(statement.replace("IF version = null", "IF EXISTS"), values);
}
