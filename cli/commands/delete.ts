import { deletion, type DeletionResult } from "../../hub/engine-queries.ts";
import { type DeletionParameters, readDeletion } from "../../hub/query-parameters.ts";
import { graphStore } from "../graph-store.ts";

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
  const graph = await graphStore(options);
  const search = new URLSearchParams({ store: graph.name });
  for (const [key, given] of Object.entries(parameters)) if (given !== undefined) search.set(key, given);
  const body = await graph.ask(`/api/v1/delete?${search}`, { method: "POST" });
  const result: DeletionResult =
    body === undefined
      ? await graph.owning((store) => deletion(graph.context, graph.name, store, readDeletion(parameters)))
      : JSON.parse(body);
  if (options.json === true) process.stdout.write(`${JSON.stringify(result)}\n`);
  else for (const { series, type } of result.series) process.stdout.write(`${series} ${type}\n`);
  const count = result.series.length;
  const what = from === undefined && to === undefined && at === undefined ? "Deleted" : "Deleted from";
  if (options.json !== true) process.stderr.write(`${what} ${count} series\n`);
}
