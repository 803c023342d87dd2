import { staticTagset, StaticTagsetWriter, type TagChanges } from "../../hub/static-tagsets.ts";
import { Failure, exitCodes } from "../exit.ts";
import { type GraphStore, graphStore } from "../graph-store.ts";

export interface TagOptions {
  readonly graph: string;
  readonly store?: string;
  readonly remove?: string[];
  readonly replace?: boolean;
  readonly set?: string[];
  readonly json?: boolean;
}

/** Sets static tags of a metric, and prints what stands then: through the running engine, or alone where none runs. */
export async function tag(metric: string, pairs: readonly string[], options: TagOptions): Promise<void> {
  const changes = { ...Object.fromEntries((options.remove ?? []).map((name) => [name, null])), ...changesOf(pairs) };
  const replaces = options.replace === true;
  const graph = await graphStore(options);
  if (replaces || Object.keys(changes).length > 0) await change(graph, metric, changes, replaces);
  const tags = await read(graph, metric);
  if (options.json === true) process.stdout.write(`${JSON.stringify(tags)}\n`);
  else for (const [name, value] of Object.entries(tags)) process.stdout.write(`${name}=${value}\n`);
}

async function change(graph: GraphStore, metric: string, changes: TagChanges, replaces: boolean): Promise<void> {
  const answered = await graph.ask(pathOf(graph, metric), { method: replaces ? "PUT" : "PATCH", body: changes });
  if (answered !== undefined) return;
  await graph.owning((store) => new StaticTagsetWriter().change(store, metric, changes, replaces));
}

async function read(graph: GraphStore, metric: string): Promise<Record<string, string>> {
  const body = await graph.ask(pathOf(graph, metric));
  if (body !== undefined) return JSON.parse(body) as Record<string, string>;
  return Object.fromEntries(await graph.reading((store) => staticTagset(store, metric)));
}

function pathOf({ name }: GraphStore, metric: string): string {
  return `/api/v1/metric/${encodeURIComponent(metric)}/static-tagset?store=${encodeURIComponent(name)}`;
}

function changesOf(pairs: readonly string[]): TagChanges {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf("=");
      if (at <= 0) throw new Failure(exitCodes.usage, `Cannot set a tag as it must be name=value: it is "${pair}"`);
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}
