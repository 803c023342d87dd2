import { SeriesTable } from "../../blocks/model/series.ts";
import type { GraphFile } from "../../config/graph-file.ts";
import { type BookPage, pagesOf } from "../../graphs/books.ts";
import type { Plan, PlannedNode } from "../../graphs/plan.ts";
import { systemClock } from "../../runtime/clock/system-clock.ts";
import { silentLog } from "../../runtime/log.ts";
import { askEngine } from "../engine-client.ts";
import { Failure, exitCodes } from "../exit.ts";
import { askOwner } from "../graph-store.ts";
import { readOverride, soundGraph } from "../loaded-graph.ts";

/** Prints the books of a graph: of the running engine where there is one, else of its buffers. Exit code 1 where they do not balance. */
export async function audit(file: string, options: { set?: string[]; json?: boolean }): Promise<void> {
  const { plan } = await soundGraph(file, (options.set ?? []).map(readOverride));
  const pages = await pagesOfGraph(plan);
  if (options.json === true) process.stdout.write(`${JSON.stringify({ pages })}\n`);
  else for (const page of pages) process.stdout.write(`${lineOf(page)}\n`);
  const wrong = pages.filter(({ balanced }) => !balanced);
  if (wrong.length > 0) {
    throw new Failure(exitCodes.wrong, `AUDIT_UNBALANCED ${wrong.map(({ place }) => place).join(", ")}`);
  }
  if (pages.length === 0)
    process.stderr.write("Nothing was counted yet: the graph has no durable buffer, and no engine runs it\n");
}

async function pagesOfGraph(plan: Plan): Promise<BookPage[]> {
  const path = "/api/v1/audit";
  const body = (await askOwner(plan, path)) ?? (await askHub(plan.graph, path));
  if (body !== undefined) return (JSON.parse(body) as { pages: BookPage[] }).pages;
  const pages: BookPage[] = [];
  for (const node of plan.buffers) pages.push(...(await pagesOfBuffer(plan, node)));
  return pages;
}

/** Stores and buffers in clusters have no owner that could be asked; the engine of another graph may have the port. */
async function askHub({ hub, name }: GraphFile, path: string): Promise<string | undefined> {
  if (hub === undefined) return undefined;
  const url = `http://${hub.host.includes(":") ? `[${hub.host}]` : hub.host}:${hub.port}`;
  const ready = await askEngine(url, "/ready").catch(() => undefined);
  if (ready === undefined || !ready.includes(JSON.stringify(name))) return undefined;
  return askEngine(url, path);
}

async function pagesOfBuffer(plan: Plan, { definition, settings, name }: PlannedNode): Promise<BookPage[]> {
  if (definition.kind !== "buffer" || !definition.durable) return [];
  const table = new SeriesTable(plan.graph.limits.series_max);
  const context = { graph: plan.graph.name, node: name, clock: systemClock, log: silentLog, table };
  const buffer = await definition.open(settings as never, context);
  try {
    return pagesOf(name, buffer.books());
  } finally {
    await buffer.close();
  }
}

function lineOf(page: BookPage): string {
  const counts = [
    `entered ${page.entered}`,
    ...(page.added > 0 ? [`added ${page.added}`] : []),
    `durable ${page.durable}`,
    ...Object.entries(page.filtered).map(([reason, rows]) => `filtered (${reason}) ${rows}`),
    ...Object.entries(page.deadLettered).map(([reason, rows]) => `dead-lettered (${reason}) ${rows}`),
    `in flight ${page.inFlight}`,
  ];
  return `${page.balanced ? "balanced  " : "UNBALANCED"} ${page.place}: ${counts.join(", ")}`;
}
