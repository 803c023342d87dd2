import type { AnyDerivator } from "../blocks/model/derivator.ts";
import type { HeavyRunner } from "../blocks/model/heavy-task.ts";
import type { PluginChoice } from "../blocks/model/plugin-choice.ts";
import type { Store } from "../blocks/model/store.ts";
import { type QueryRequest, runQuery } from "../blocks/query/query.ts";
import type { QueryResult } from "../blocks/query/query-result.ts";
import { chosenDerivators } from "../blocks/rollup/chosen.ts";
import type { GraphFile } from "../config/graph-file.ts";
import { EngineError } from "../runtime/errors.ts";

/** The store that a query means: the one it names, or the only one. */
export function chosenStore(graph: GraphFile, name: string | undefined): string {
  const stores = graph.nodes.filter(({ section }) => section === "stores").map((node) => node.name);
  const [only] = stores;
  if (name === undefined && only !== undefined && stores.length === 1) return only;
  if (name !== undefined && stores.includes(name)) return name;
  const rule = name === undefined ? "it must name one of several stores" : `the graph has no store "${name}"`;
  throw new EngineError(
    "USAGE_INVALID",
    `Cannot query as ${rule}: there are ${stores.map((one) => `"${one}"`).join(", ") || "none"}`,
  );
}

/**
 * Answers a query from a store, with what the blocks that write it compute.
 *
 * @param heavy Runs heavy derivators in threads; absent: they run here.
 */
export function answer(
  graph: GraphFile,
  storeName: string,
  store: Store,
  derivators: readonly AnyDerivator[],
  request: QueryRequest,
  heavy?: HeavyRunner,
): Promise<QueryResult> {
  const writers = graph.nodes
    .map(({ settings }) => settings as { store?: string; aggregators?: string[]; derivators?: PluginChoice[] })
    .filter((settings) => settings.store === storeName);
  const [periods = []] = writers.flatMap(({ aggregators }) => (aggregators === undefined ? [] : [aggregators]));
  const sets = chosenDerivators(
    writers.flatMap((settings) => settings.derivators ?? []),
    derivators,
    storeName,
    heavy,
  );
  return runQuery(store, request, { periods, sets });
}
