import type { DrawnGraph } from "../../graphs/plan.ts";
import { drawAscii } from "../../graphs/drawing/ascii.ts";
import { drawDot } from "../../graphs/drawing/dot.ts";
import { drawJson } from "../../graphs/drawing/json.ts";
import { drawMermaid } from "../../graphs/drawing/mermaid.ts";
import { Failure, exitCodes } from "../exit.ts";
import { readOverride, soundGraph } from "../loaded-graph.ts";

const drawings: Readonly<Record<string, (graph: DrawnGraph) => string>> = {
  ascii: drawAscii,
  dot: drawDot,
  json: drawJson,
  mermaid: drawMermaid,
};

/** Draws the graph of a file. */
export async function graph(file: string, options: { format: string; set?: string[]; json?: boolean }): Promise<void> {
  const format = options.json === true ? "json" : options.format;
  const draw = drawings[format];
  if (draw === undefined) {
    const known = Object.keys(drawings).join(", ");
    throw new Failure(exitCodes.usage, `Cannot draw as --format must be one of ${known}: it is "${format}"`);
  }
  const { plan } = await soundGraph(file, (options.set ?? []).map(readOverride));
  process.stdout.write(`${draw(plan.drawn).trimEnd()}\n`);
}
