import { z } from "zod";
import { sortedTagset, type Tagset } from "../blocks/model/series.ts";
import type { Store } from "../blocks/model/store.ts";
import { EngineError } from "../runtime/errors.ts";

const changes = z.record(z.string(), z.string().nullable());

/** New values of tags; `null` takes the tag away. */
export type TagChanges = z.output<typeof changes>;

/** @throws {EngineError} `USAGE_INVALID` where it is not a mapping of text to text or null. */
export function readTagChanges(given: unknown): TagChanges {
  const { success, data } = changes.safeParse(given);
  if (success) return data;
  throw new EngineError(
    "USAGE_INVALID",
    "Cannot set the static tagset as it must be an object of text, or null to remove a tag",
  );
}

/** The static tagset of a metric; empty where it has none. */
export async function staticTagset(store: Store, metric: string): Promise<Tagset> {
  return (await store.staticTagsets([metric])).get(metric) ?? new Map();
}

/** The metrics that have a static tag of this name, by its value, both ascending. */
export async function metricsByTagValue(store: Store, name: string): Promise<Record<string, string[]>> {
  const byValue = new Map<string, string[]>();
  for (const [metric, tags] of await store.staticTagsets()) {
    const value = tags.get(name);
    if (value !== undefined) byValue.set(value, [...(byValue.get(value) ?? []), metric].sort());
  }
  return Object.fromEntries(sortedEntries(byValue));
}

const sortedEntries = <T>(map: ReadonlyMap<string, T>) => [...map].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));

/** Changes static tagsets, one after the other: each change is made of what is stored. As many wait as there are requests. */
export class StaticTagsetWriter {
  #last: Promise<unknown> = Promise.resolve();

  /** @param replaces Whether tags that are not named go. @returns what stands then, once it is durable. */
  change(store: Store, metric: string, given: TagChanges, replaces: boolean): Promise<Tagset> {
    const changed = this.#last.then(async () => {
      const tags = new Map(replaces ? [] : await staticTagset(store, metric));
      for (const [name, value] of Object.entries(given)) {
        if (value === null) tags.delete(name);
        else tags.set(name, value);
      }
      const tagset = sortedTagset(tags);
      await store.write({ staticTagsets: [{ metric, tagset }] });
      return tagset;
    });
    this.#last = changed.catch(() => {});
    return changed;
  }
}
