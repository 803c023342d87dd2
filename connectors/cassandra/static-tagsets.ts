import type { Tagset } from "../../blocks/model/series.ts";
import type { StoreWrite } from "../../blocks/model/store.ts";
import { mapCell, textCell } from "./cell.ts";
import type { Batch, CassandraClient } from "./client.ts";
import type { Keyspaces } from "./keyspaces.ts";

/** The static tagset of each metric that has one: a row a metric. */
export class StaticTagsets {
  readonly #client: CassandraClient;
  readonly #table: string;

  constructor(client: CassandraClient, { aggregated }: Keyspaces) {
    this.#client = client;
    this.#table = `${aggregated}.static_tagsets`;
  }

  /** Those of these metrics, of all where none are named; without the metrics that have none. */
  async read(metrics?: readonly string[]): Promise<Map<string, Tagset>> {
    const found = new Map<string, Tagset>();
    if (metrics === undefined) {
      for await (const page of this.#client.pages(`SELECT metric, tagset FROM ${this.#table}`, [])) {
        for (const row of page) found.set(row.metric as string, new Map(row.tagset as Map<string, string>));
      }
      return found;
    }
    const query = `SELECT tagset FROM ${this.#table} WHERE metric = ?`;
    const read = async (metric: string) => {
      const [row] = await this.#client.rows(query, [textCell(metric)]);
      if (row !== undefined) found.set(metric, new Map(row.tagset as Map<string, string>));
    };
    await Promise.all([...new Set(metrics)].map(read));
    return found;
  }

  /** @param timestamp Write timestamp, µs since the epoch. */
  *batches(tagsets: NonNullable<StoreWrite["staticTagsets"]>, timestamp: number): Generator<Batch, void, undefined> {
    for (const { metric, tagset } of tagsets) {
      const row =
        tagset.size === 0
          ? { query: `DELETE FROM ${this.#table} WHERE metric = ?`, params: [textCell(metric)] }
          : {
              query: `INSERT INTO ${this.#table} (metric, tagset) VALUES (?, ?)`,
              params: [textCell(metric), mapCell(tagset)],
            };
      yield { rows: [row], timestamp };
    }
  }
}
