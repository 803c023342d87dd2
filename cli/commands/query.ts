import { type QueryResult, resultFromJson } from "../../blocks/query/query-result.ts";
import { answer } from "../../hub/engine-queries.ts";
import { type QueryParameters, readQuery } from "../../hub/query-parameters.ts";
import { Failure, exitCodes } from "../exit.ts";
import { graphStore } from "../graph-store.ts";
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
  const { where, from, to, every, value, merge, by, limit } = options;
  const parameters: QueryParameters = { selector, where, from, to, every, value, merge, by, limit };
  const request = readQuery(parameters);
  const graph = await graphStore(options);
  const search = new URLSearchParams();
  for (const [key, given] of Object.entries({ ...parameters, store: graph.name })) {
    if (given !== undefined) search.set(key, String(given));
  }
  const body = await graph.ask(`/api/v1/query?${search}`);
  if (body !== undefined) return resultFromJson(body);
  return graph.reading((store) => answer(graph.context, graph.name, store, request));
}
