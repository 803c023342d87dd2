import assert from "node:assert/strict";
import { Client, policies } from "cassandra-driver";
import type { Store } from "../../../blocks/model/store.ts";
import { SeriesTable } from "../../../blocks/model/series.ts";
import { cassandraStore } from "../../../connectors/cassandra/store.ts";
import { systemClock } from "../../../runtime/clock/system-clock.ts";
import { silentLog } from "../../../runtime/log.ts";
import type { Running } from "../../../tools/services/running.ts";

/** Two keyspaces of a real server that no other test uses. */
export class TestKeyspaces {
  readonly raw: string;
  readonly aggregated: string;
  readonly #server: Running;
  #client: Client | undefined;

  /** @param name Lower-case letters. */
  constructor(server: Running, name: string) {
    this.#server = server;
    this.raw = `${name}_${process.pid}_ts`;
    this.aggregated = `${name}_${process.pid}`;
  }

  get settings() {
    const nodes = [{ host: this.#server.host, port: this.#server.ports.cql }];
    return { nodes, keyspaces: { raw: this.raw, aggregated: this.aggregated } };
  }

  /** The same, as a flow mapping of YAML without its braces. */
  get text(): string {
    const { host, ports } = this.#server;
    const keyspaces = `{ raw: ${this.raw}, aggregated: ${this.aggregated} }`;
    return `nodes: [{ host: ${host}, port: ${ports.cql} }], keyspaces: ${keyspaces}`;
  }

  open(more: Readonly<Record<string, unknown>> = {}, clock = systemClock): Promise<Store> {
    const context = { graph: "test", node: "main", clock, log: silentLog, table: new SeriesTable() };
    return cassandraStore.open(cassandraStore.settings.parse({ ...this.settings, ...more }), context);
  }

  openReadOnly(more: Readonly<Record<string, unknown>> = {}): Promise<Store> {
    const { openReadOnly } = cassandraStore;
    assert(openReadOnly !== undefined);
    return openReadOnly(cassandraStore.settings.parse({ ...this.settings, ...more }));
  }

  /** What a user of `cqlsh` does. */
  async cql(query: string, parameters: readonly unknown[] = []): Promise<Record<string, unknown>[]> {
    const { rows = [] } = await (await this.client()).execute(query, [...parameters], { prepare: true });
    return rows.map((row) => Object.fromEntries(row.keys().map((key) => [key, row.get(key) as unknown])));
  }

  /** The same, where the server may just have come back. */
  async cqlOnceThere(query: string, parameters: readonly unknown[] = []): Promise<Record<string, unknown>[]> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.cql(query, parameters);
      } catch (error) {
        if (tries === 100) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  async client(): Promise<Client> {
    if (this.#client === undefined) {
      const contactPoints = [`${this.#server.host}:${this.#server.ports.cql}`];
      // Some tests kill the server: this client is to find it again at once.
      const reconnection = new policies.reconnection.ConstantReconnectionPolicy(100);
      this.#client = new Client({ contactPoints, localDataCenter: "datacenter1", policies: { reconnection } });
      await this.#client.connect();
    }
    return this.#client;
  }

  /** Empties the tables; far quicker than to make them again. */
  async truncate(): Promise<void> {
    const client = await this.client();
    const named = "SELECT keyspace_name, table_name FROM system_schema.tables WHERE keyspace_name IN (?, ?)";
    const tables = await this.cql(named, [this.raw, this.aggregated]);
    const emptied = tables.filter((table) => table.table_name !== "schema_version");
    await Promise.all(emptied.map((table) => client.execute(`TRUNCATE ${table.keyspace_name}.${table.table_name}`)));
  }

  async drop(): Promise<void> {
    const client = await this.client();
    for (const keyspace of [this.raw, this.aggregated]) await client.execute(`DROP KEYSPACE IF EXISTS ${keyspace}`);
    await client.shutdown();
  }
}
