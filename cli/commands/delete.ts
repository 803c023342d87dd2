import { bucketRules } from "../../blocks/model/bucket-rules.ts";
import { SeriesTable } from "../../blocks/model/series.ts";
import type { Catalogue } from "../../graphs/catalogue.ts";
import type { Plan } from "../../graphs/plan.ts";
import { chosenStore, deletion, type DeletionResult } from "../../hub/engine-queries.ts";
import { type DeletionParameters, readDeletion } from "../../hub/query-parameters.ts";
import { systemClock } from "../../runtime/clock/system-clock.ts";
import { EngineError } from "../../runtime/errors.ts";
import { silentLog } from "../../runtime/log.ts";
import { askEngine } from "../engine-client.ts";
import { readOverride, soundGraph } from "../loaded-graph.ts";

export interface DeleteOptions extends Omit<DeletionParameters, "selector"> {
  readonly graph: string;
  readonly store?: string;
  readonly set?: string[];
  readonly json?: boolean;
}

/** Deletes through the running engine, as it is the one writer of its stores; where none runs, from the store itself. */
export async function deleteData(selector: string, options: DeleteOptions): Promise<void> {
  const { from, to, at } = options;
  const parameters: DeletionParameters = { selector, from, to, at };
  // Faults of the request are reported before anything is opened.
  readDeletion(parameters);
  const { plan, catalogue } = await soundGraph(options.graph, (options.set ?? []).map(readOverride));
  const store = chosenStore(plan.graph, options.store);
  const result = (await byEngine(plan, store, parameters)) ?? (await byHand(plan, catalogue, store, parameters));
  if (options.json === true) process.stdout.write(`${JSON.stringify(result)}\n`);
  else for (const { series, type } of result.series) process.stdout.write(`${series} ${type}\n`);
  const count = result.series.length;
  const what = from === undefined && to === undefined && at === undefined ? "Deleted" : "Deleted from";
  if (options.json !== true) process.stderr.write(`${what} ${count} series\n`);
}

/** Undefined where no engine of the graph runs. */
async function byEngine(
  plan: Plan,
  store: string,
  parameters: DeletionParameters,
): Promise<DeletionResult | undefined> {
  const search = new URLSearchParams();
  for (const [key, given] of Object.entries({ ...parameters, store })) if (given !== undefined) search.set(key, given);
  for (const { definition, settings } of [...plan.stores.values(), ...plan.buffers]) {
    if (definition.kind !== "store" && definition.kind !== "buffer") continue;
    const address = await definition.engineAddress?.(settings as never);
    const body = address === undefined ? undefined : await askEngine(address, `/api/v1/delete?${search}`, "POST");
    if (body !== undefined) return JSON.parse(body) as DeletionResult;
  }
  return undefined;
}

async function byHand(
  plan: Plan,
  catalogue: Catalogue,
  name: string,
  parameters: DeletionParameters,
): Promise<DeletionResult> {
  const { graph } = plan;
  const { definition, settings } = plan.stores.get(name) ?? {};
  if (definition?.openReadOnly === undefined) {
    throw new EngineError("CONNECTION_FAILED", `Cannot change the store "${name}" as only its engine can: none runs`);
  }
  const table = new SeriesTable(graph.limits.series_max);
  const context = { graph: graph.name, node: name, clock: systemClock, log: silentLog, table };
  const store = await definition.open(settings as never, context);
  try {
    const buckets = bucketRules(graph.timezone, graph.bucket_label);
    return await deletion(graph, name, store, catalogue.derivators, readDeletion(parameters), buckets);
  } finally {
    await store.close();
  }
}
