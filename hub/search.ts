import { z } from "zod";
import type { Series, Tagset } from "../blocks/model/series.ts";
import type { SeriesFilter, Store } from "../blocks/model/store.ts";
import { keysOf, readTagCondition } from "../blocks/model/tag-condition.ts";
import { EngineError } from "../runtime/errors.ts";
import { moment } from "./query-parameters.ts";

const body = z.strictObject({
  metric: z.string().min(1).optional(),
  filter: z.unknown().optional(),
  range: z.object({ start: z.string(), end: z.string() }).optional(),
  tagname: z.string().optional(),
  store: z.string().optional(),
});

/** What a search may say: the body of a request, in TSorage's words. */
export type SearchRequest = z.output<typeof body>;

export const searchKinds = ["ts", "metric", "tagnames", "tagvalues"] as const;
export type SearchKind = (typeof searchKinds)[number];

/** @throws {EngineError} `USAGE_INVALID` where the body is not that of a search of this kind. */
export function readSearch(kind: SearchKind, given: unknown): SearchRequest {
  const { success, data, error } = body.safeParse(given ?? {});
  if (!success) {
    const [issue] = error.issues;
    const rule = `${issue?.path.join(".") || "the body"}: ${issue?.message}`;
    throw new EngineError("USAGE_INVALID", `Cannot search as the request is not one of a search: ${rule}`);
  }
  if (kind === "tagvalues" && data.tagname === undefined) {
    throw new EngineError("USAGE_INVALID", "Cannot search for values as `tagname` must say of which tag");
  }
  return data;
}

/**
 * Searches the tag index: the time series that match, their metrics, the names of their tags that the filter does not speak of,
 * or the values of one tag; each once and ascending. Tags are those of the data points and those of the metric together.
 *
 * @throws {EngineError} `SELECTOR_INVALID`, `TIMESTAMP_INVALID`, or of the store.
 */
export async function search(store: Store, kind: SearchKind, request: SearchRequest): Promise<unknown[]> {
  const filter = filterOf(request);
  const found = await store.find(filter);
  if (kind === "ts") return timeSeries(found);
  if (kind === "metric") return ascending(found.map(({ metric }) => metric));
  const statics = await store.staticTagsets([...new Set(found.map(({ metric }) => metric))]);
  if (kind === "tagvalues") {
    const { tagname = "" } = request;
    return ascending(tagsetsOf(found, statics).flatMap((tags) => tags.get(tagname) ?? []));
  }
  const used = filter.where === undefined ? new Set() : keysOf(filter.where);
  return ascending(tagsetsOf(found, statics).flatMap((tags) => [...tags.keys()])).filter((name) => !used.has(name));
}

function filterOf({ metric, filter, range }: SearchRequest): SeriesFilter {
  return {
    tags: new Map(),
    ...(metric !== undefined && { metric }),
    ...(filter !== undefined && { where: readTagCondition(filter) }),
    ...(range !== undefined && {
      range: { from: moment("range.start", range.start), to: moment("range.end", range.end) },
    }),
  };
}

/** A series that has several types is one time series. */
function timeSeries(found: readonly Series[]): { metric: string; tagset: Record<string, string>; types: string[] }[] {
  const byName = new Map<string, { metric: string; tagset: Record<string, string>; types: string[] }>();
  for (const { canonical, metric, tagset, type } of found) {
    const known = byName.get(canonical);
    if (known === undefined) byName.set(canonical, { metric, tagset: Object.fromEntries(tagset), types: [type] });
    else known.types.push(type);
  }
  return [...byName.values()];
}

function tagsetsOf(found: readonly Series[], statics: ReadonlyMap<string, Tagset>): Tagset[] {
  return [...found.map(({ tagset }) => tagset), ...statics.values()];
}

/** By UTF-16 code unit: the same order everywhere. */
function ascending(names: readonly string[]): string[] {
  return [...new Set(names)].sort();
}
