import type { DrawnGraph } from "../plan.ts";

export type DrawnEdge = DrawnGraph["edges"][number];
export type DrawnNode = DrawnGraph["nodes"][number];

/** The edges whose two ends are nodes of the graph: a graph with faults may name what is not there. */
export function drawnEdges({ nodes, edges }: DrawnGraph): DrawnEdge[] {
  const names = new Set(nodes.map(({ name }) => name));
  return edges.filter(({ from, to }) => names.has(from) && names.has(to));
}

/** The outlet, where it is not the one that goes without saying; empty text otherwise. */
export function outletLabel({ outlet, kind }: DrawnEdge): string {
  return kind === "writes" || outlet === "observations" ? "" : outlet;
}
