import type { TestKeyspaces } from "./cluster.ts";

const types = {
  tdouble: "value double",
  tlong: "value bigint",
  ttext: "value text",
  tbool: "value boolean",
  tbinary: "value blob",
  pos2d: "longitude double, latitude double",
};

/** TSorage's own keyspace of raw data points, as its storage repository makes it (cetic/tsorage-storage). */
export async function makeTsorageKeyspace(keyspaces: TestKeyspaces, keyspace: string): Promise<void> {
  const client = await keyspaces.client();
  await client.execute(
    `CREATE KEYSPACE ${keyspace} WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}`,
  );
  for (const [type, fields] of Object.entries(types))
    await client.execute(`CREATE TYPE ${keyspace}.${type} (${fields})`);
  const columns = Object.keys(types).map((type) => `value_${type} frozen<${type}>`);
  await client.execute(
    `CREATE TABLE ${keyspace}.observations (metric text, tagset frozen<map<text, text>>, shard text, datetime timestamp,
       ${columns.join(", ")}, PRIMARY KEY ((metric, tagset, shard), datetime)) WITH CLUSTERING ORDER BY (datetime DESC)`,
  );
}
