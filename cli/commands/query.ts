import { bucketRules } from "../../blocks/model/bucket-rules.ts";
import type { Store } from "../../blocks/model/store.ts";
import { type QueryResult, resultFromJson } from "../../blocks/query/query-result.ts";
import { answer, chosenStore } from "../../hub/engine-queries.ts";
import { type QueryParameters, readQuery } from "../../hub/query-parameters.ts";
import { EngineError } from "../../runtime/errors.ts";
import { askEngine } from "../engine-client.ts";
import { Failure, exitCodes } from "../exit.ts";
import { readOverride, soundGraph } from "../loaded-graph.ts";
import { formatResult, type ResultFormat, resultFormats } from "../output/format-result.ts";

export interface QueryOptions extends Omit<QueryParameters, "selector"> {
  readonly graph: string;
  readonly store?: string;
  readonly format: string;
  readonly set?: string[];
  readonly json?: boolean;
}

/** Prints observations or buckets: from the running engine where there is one, else from the store. */
export async function query(selector: string, options: QueryOptions): Promise<void> {
  const format = options.json === true ? "json" : options.format;
  if (!isFormat(format)) {
    throw new Failure(
      exitCodes.usage,
      `Cannot print as --format must be one of ${resultFormats.join(", ")}: it is "${format}"`,
    );
  }
  const result = await ask(selector, options);
  const { columns, isTTY } = process.stdout;
  // A file or a pipe gets every name whole.
  const style = { width: columns ?? Number.POSITIVE_INFINITY, color: isTTY === true };
  for (const text of formatResult(result, format, style)) process.stdout.write(text);
  if (format === "table") process.stderr.write(`${result.rows.length} ${result.rows.length === 1 ? "row" : "rows"}\n`);
}

function isFormat(text: string): text is ResultFormat {
  return (resultFormats as readonly string[]).includes(text);
}

async function ask(selector: string, options: QueryOptions): Promise<QueryResult> {
  const { from, to, every, value, merge, by, limit } = options;
  const parameters: QueryParameters = { selector, from, to, every, value, merge, by, limit };
  const request = readQuery(parameters);
  const { plan, catalogue } = await soundGraph(options.graph, (options.set ?? []).map(readOverride));
  const name = chosenStore(plan.graph, options.store);
  const { definition, settings } = plan.stores.get(name) ?? unknownStore(name);
  const address = await definition.engineAddress?.(settings as never);
  if (address !== undefined) {
    const search = new URLSearchParams();
    for (const [key, given] of Object.entries({ ...parameters, store: name })) {
      if (given !== undefined) search.set(key, String(given));
    }
    const body = await askEngine(address, `/api/v1/query?${search}`);
    if (body !== undefined) return resultFromJson(body);
  }
  if (definition.openReadOnly === undefined) {
    throw new EngineError("CONNECTION_FAILED", `Cannot read the store "${name}" as only its engine can: none runs`);
  }
  const store: Store = await definition.openReadOnly(settings as never);
  try {
    return await answer(
      plan.graph,
      name,
      store,
      catalogue.derivators,
      request,
      bucketRules(plan.graph.timezone, plan.graph.bucket_label),
    );
  } finally {
    await store.close();
  }
}

function unknownStore(name: string): never {
  throw new EngineError("USAGE_INVALID", `Cannot query as the graph has no store "${name}"`);
}
