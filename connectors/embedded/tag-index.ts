import { createHash } from "node:crypto";
import { sortedTagset, type Tagset } from "../../blocks/model/series.ts";
import { touchedShards } from "../../blocks/model/shard.ts";
import type { Environment, KeyValues, Operation } from "./environment.ts";
import { numberKey } from "./ordered-key.ts";

/**
 * In which shards each series had data points (key: number of the series, name of the shard), and the static tagset of each
 * metric (key: digest of its name, which may be longer than a key). Nothing of it is in memory.
 */
export class TagIndex {
  readonly #shards: KeyValues;
  readonly #statics: KeyValues | undefined;

  constructor(environment: Environment) {
    this.#shards = environment.table("shards");
    this.#statics = environment.tableIfThere("static_tags");
  }

  /** The series had data points in the shard. */
  note(series: number, shard: string): Operation {
    return { table: this.#shards, key: Buffer.concat([numberKey(series), Buffer.from(shard)]), value: present };
  }

  /** Ascending. */
  shards(series: number): string[] {
    return [...this.#shards.getKeys({ start: numberKey(series), end: numberKey(series + 1) })].map(shardOfKey);
  }

  /** Whether a series had data points in a shard that the range touches. */
  touching(range: { readonly from: number; readonly to: number }): (series: number) => boolean {
    const touched = touchedShards(range);
    if (touched === undefined) return () => false;
    const [first, last] = [Buffer.from(touched.first), Buffer.from(`${touched.last}\0`)];
    return (series) => {
      const prefix = numberKey(series);
      const keys = this.#shards.getKeys({ start: Buffer.concat([prefix, first]), end: Buffer.concat([prefix, last]) });
      for (const key of keys) if (touched.has(shardOfKey(key))) return true;
      return false;
    };
  }

  setStatic(metric: string, tagset: Tagset): Operation {
    if (this.#statics === undefined) throw new RangeError("a store that is written has the table of static tags");
    const value = tagset.size === 0 ? undefined : Buffer.from(JSON.stringify([metric, [...sortedTagset(tagset)]]));
    return { table: this.#statics, key: keyOf(metric), value };
  }

  /** Of these metrics, or of all. */
  staticTagsets(metrics?: readonly string[]): Map<string, Tagset> {
    const table = this.#statics;
    if (table === undefined) return new Map();
    const stored =
      metrics === undefined
        ? table.getRange().map(({ value }) => value)
        : metrics.map((metric) => table.get(keyOf(metric)));
    const found = new Map<string, Tagset>();
    for (const value of stored) {
      if (value === undefined) continue;
      const [metric, tags] = JSON.parse(value.toString("utf8")) as [string, [string, string][]];
      found.set(metric, new Map(tags));
    }
    return found;
  }
}

/** lmdb takes no value without a byte. */
const present = Buffer.from([1]);

const shardOfKey = (key: Buffer) => key.subarray(4).toString("utf8");
const keyOf = (metric: string) => createHash("sha256").update(metric).digest();
