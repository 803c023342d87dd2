import { builtInDerivators } from "../blocks/derivators/catalogue.ts";
import type { Derivator } from "../blocks/model/derivator.ts";
import { type DeletionRequest, deleteObservations } from "../blocks/deletion/delete-observations.ts";
import type { BucketRules } from "../blocks/model/bucket-rules.ts";
import { periodOf } from "../blocks/model/period.ts";
import type { Store } from "../blocks/model/store.ts";
import { type QueryRequest, runQuery } from "../blocks/query/query.ts";
import type { QueryResult } from "../blocks/query/query-result.ts";
import { DerivatorSets } from "../blocks/rollup/derivator-set.ts";
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

/** Deletes from a store, with all that the blocks that write it keep. @returns the series that match, by name. */
export async function deletion(
  graph: GraphFile,
  storeName: string,
  store: Store,
  derivators: readonly Derivator[],
  request: DeletionRequest,
  buckets: BucketRules,
): Promise<DeletionResult> {
  const { chains, sets } = keptIn(graph, storeName, derivators);
  const periods = chains.map((labels) => labels.map((label) => periodOf(label, buckets)));
  const found = await deleteObservations(store, request, { chains: periods, sets });
  return { series: found.map(({ canonical, type }) => ({ series: canonical, type })) };
}

export interface DeletionResult {
  /** Those that match. */
  readonly series: readonly { readonly series: string; readonly type: string }[];
}

/** What the blocks that write a store keep in it. */
function keptIn(graph: GraphFile, storeName: string, derivators: readonly Derivator[]) {
  const writers = graph.nodes
    .map(({ settings }) => settings as { store?: string; aggregators?: string[]; derivators?: string[] })
    .filter((settings) => settings.store === storeName);
  const chains = writers.flatMap(({ aggregators }) => (aggregators === undefined ? [] : [aggregators]));
  const named = new Set(writers.flatMap((settings) => settings.derivators ?? []));
  const sets = new DerivatorSets([...builtInDerivators, ...derivators.filter(({ name }) => named.has(name))]);
  return { chains, sets };
}

/** Answers a query from a store, with what the blocks that write it compute. */
export function answer(
  graph: GraphFile,
  storeName: string,
  store: Store,
  derivators: readonly Derivator[],
  request: QueryRequest,
  buckets: BucketRules,
): Promise<QueryResult> {
  const { chains, sets } = keptIn(graph, storeName, derivators);
  const [periods = []] = chains;
  const all = new DerivatorSets([...builtInDerivators, ...derivators]);
  return runQuery(store, request, { periods: periods.map((label) => periodOf(label, buckets)), buckets, sets, all });
}
