import { canonicalForm, sortedTagset } from "../../blocks/model/series.ts";
import { parseTagCondition } from "../../blocks/model/tag-condition.ts";
import { formatTimestamp, timestampMax, timestampMin } from "../../blocks/model/timestamp.ts";
import { moment } from "../../hub/query-parameters.ts";
import { readSearch, search, type SearchKind } from "../../hub/search.ts";
import { graphStore } from "../graph-store.ts";

export interface SearchOptions {
  readonly graph: string;
  readonly store?: string;
  readonly metric?: string;
  readonly from?: string;
  readonly to?: string;
  readonly list: "series" | "metrics" | "tags";
  readonly values?: string;
  readonly set?: string[];
  readonly json?: boolean;
}

/** Prints what the tag index knows, one a line: from the running engine where there is one, else from the store. */
export async function searchCommand(filter: string | undefined, options: SearchOptions): Promise<void> {
  const kind = kindOf(options);
  if (filter !== undefined) parseTagCondition(filter);
  const { from, to } = options;
  const graph = await graphStore(options);
  const wanted = readSearch(kind, {
    store: graph.name,
    metric: options.metric,
    ...(filter !== undefined && { filter: JSON.parse(filter) }),
    ...((from ?? to) !== undefined && {
      range: {
        start: formatTimestamp(from === undefined ? timestampMin : moment("from", from)),
        end: formatTimestamp(to === undefined ? timestampMax : moment("to", to)),
      },
    }),
    tagname: options.values,
  });
  const body = await graph.ask(`/api/v1/search/${kind}`, { method: "POST", body: wanted });
  const found: unknown[] =
    body === undefined ? await graph.reading((store) => search(store, kind, wanted)) : JSON.parse(body);
  if (options.json === true) process.stdout.write(`${JSON.stringify(found)}\n`);
  else for (const one of found) process.stdout.write(`${lineOf(one)}\n`);
}

function kindOf({ list, values }: SearchOptions): SearchKind {
  if (values !== undefined) return "tagvalues";
  return list === "series" ? "ts" : list === "metrics" ? "metric" : "tagnames";
}

/** A name, or a series in the form that selects it. */
function lineOf(found: unknown): string {
  if (typeof found === "string") return found;
  const { metric, tagset } = found as { metric: string; tagset: Record<string, string> };
  return canonicalForm(metric, sortedTagset(tagset));
}
