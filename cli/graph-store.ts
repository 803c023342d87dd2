import { bucketRules } from "../blocks/model/bucket-rules.ts";
import type { ComponentContext } from "../blocks/model/component.ts";
import { SeriesTable } from "../blocks/model/series.ts";
import type { Store } from "../blocks/model/store.ts";
import type { Catalogue } from "../graphs/catalogue.ts";
import type { Plan } from "../graphs/plan.ts";
import { chosenStore, type GraphContext } from "../hub/engine-queries.ts";
import { systemClock } from "../runtime/clock/system-clock.ts";
import { EngineError } from "../runtime/errors.ts";
import { silentLog } from "../runtime/log.ts";
import { askEngine, type EngineRequest } from "./engine-client.ts";
import { readOverride, soundGraph } from "./loaded-graph.ts";

/** The store that a command is about: asked through the engine that owns it, or opened where none runs. */
export interface GraphStore {
  readonly plan: Plan;
  readonly catalogue: Catalogue;
  readonly name: string;
  /** How it is read and written where no engine runs: heavy derivators run here. */
  readonly context: GraphContext;
  /** The answer of the running engine; undefined where none runs. */
  ask(path: string, request?: EngineRequest): Promise<string | undefined>;
  /** Opens it for reading, and closes it. */
  reading<T>(read: (store: Store) => Promise<T>): Promise<T>;
  /** Opens it as its one owner, and closes it. */
  owning<T>(use: (store: Store) => Promise<T>): Promise<T>;
}

/** @throws {EngineError} `USAGE_INVALID` where the graph has no such store, or several and none is named. */
export async function graphStore(options: { graph: string; store?: string; set?: string[] }): Promise<GraphStore> {
  const { plan, catalogue } = await soundGraph(options.graph, (options.set ?? []).map(readOverride));
  const name = chosenStore(plan.graph, options.store);
  const planned = plan.stores.get(name);
  if (planned === undefined) throw new EngineError("USAGE_INVALID", `Cannot go on as the graph has no store "${name}"`);
  const { definition, settings } = planned;
  return {
    plan,
    catalogue,
    name,
    context: {
      graph: plan.graph,
      derivators: catalogue.derivators,
      clock: systemClock,
      buckets: bucketRules(plan.graph.timezone, plan.graph.bucket_label),
    },
    ask: (path, request) => askOwner(plan, path, request),
    reading: async (read) => {
      const open = definition.openReadOnly;
      if (open !== undefined) return using(await open(settings as never), read);
      throw new EngineError("CONNECTION_FAILED", `Cannot read the store "${name}" as only its engine can: none runs`);
    },
    owning: async (use) => {
      if (definition.openReadOnly === undefined) {
        throw new EngineError(
          "CONNECTION_FAILED",
          `Cannot change the store "${name}" as only its engine can: none runs`,
        );
      }
      return using(await definition.open(settings as never, contextOf(plan, catalogue, name)), use);
    },
  };
}

/** The engine owns all of its stores and buffers: whichever knows it will do. */
export async function askOwner(plan: Plan, path: string, request?: EngineRequest): Promise<string | undefined> {
  for (const { definition, settings } of [...plan.stores.values(), ...plan.buffers]) {
    if (definition.kind !== "store" && definition.kind !== "buffer") continue;
    const address = await definition.engineAddress?.(settings as never);
    const body = address === undefined ? undefined : await askEngine(address, path, request);
    if (body !== undefined) return body;
  }
  return undefined;
}

/** What a node is given where no engine runs. */
export function contextOf(plan: Plan, catalogue: Catalogue, node: string): ComponentContext {
  const table = new SeriesTable(plan.graph.limits.series_max, catalogue.types);
  return { graph: plan.graph.name, node, clock: systemClock, log: silentLog, table };
}

async function using<T>(store: Store, use: (store: Store) => Promise<T>): Promise<T> {
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}
