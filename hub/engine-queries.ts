import { type DeletionRequest, deleteObservations } from "../blocks/deletion/delete-observations.ts";
import type { BucketRules } from "../blocks/model/bucket-rules.ts";
import type { AnyDerivator } from "../blocks/model/derivator.ts";
import type { HeavyRunner } from "../blocks/model/heavy-task.ts";
import { type Period, periodOf } from "../blocks/model/period.ts";
import type { PluginChoice } from "../blocks/model/plugin-choice.ts";
import type { Store } from "../blocks/model/store.ts";
import { type QueryRequest, runQuery } from "../blocks/query/query.ts";
import type { QueryResult } from "../blocks/query/query-result.ts";
import { allDerivators, chosenDerivators } from "../blocks/rollup/chosen.ts";
import type { GraphFile } from "../config/graph-file.ts";
import type { Clock } from "../runtime/clock/clock.ts";
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

/** What a graph says of how its stores are read and written, and who computes. */
export interface GraphContext {
  readonly graph: GraphFile;
  readonly buckets: BucketRules;
  /** All that there are. */
  readonly derivators: readonly AnyDerivator[];
  /** Runs heavy derivators in threads; absent: they run here. */
  readonly heavy?: HeavyRunner;
  readonly clock: Clock;
}

/** What the blocks that write a store keep in it. */
export function keptIn(context: GraphContext, storeName: string) {
  const { graph, buckets, derivators, heavy } = context;
  const writers = graph.nodes
    .map(({ settings }) => settings as { store?: string; aggregators?: string[]; derivators?: PluginChoice[] })
    .filter((settings) => settings.store === storeName);
  const chains: Period[][] = writers.flatMap(({ aggregators }) =>
    aggregators === undefined ? [] : [aggregators.map((label) => periodOf(label, buckets))],
  );
  const choices = writers.flatMap((settings) => settings.derivators ?? []);
  return { chains, choices, sets: chosenDerivators(choices, derivators, storeName, heavy) };
}

/** Deletes from a store, with all that the blocks that write it keep. @returns the series that match, by name. */
export async function deletion(
  context: GraphContext,
  storeName: string,
  store: Store,
  request: DeletionRequest,
): Promise<DeletionResult> {
  const found = await deleteObservations(store, request, keptIn(context, storeName));
  return { series: found.map(({ canonical, type }) => ({ series: canonical, type })) };
}

export interface DeletionResult {
  /** Those that match. */
  readonly series: readonly { readonly series: string; readonly type: string }[];
}

/** Answers a query from a store, with what the blocks that write it compute. */
export function answer(
  context: GraphContext,
  storeName: string,
  store: Store,
  request: QueryRequest,
): Promise<QueryResult> {
  const { buckets, derivators, heavy } = context;
  const { chains, choices, sets } = keptIn(context, storeName);
  const [periods = []] = chains;
  return runQuery(store, request, {
    periods,
    buckets,
    sets,
    all: allDerivators(choices, derivators, storeName, heavy),
  });
}
