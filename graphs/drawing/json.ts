import type { DrawnGraph } from "../plan.ts";

/** `{"nodes": [{name, section, type}], "edges": [{from, outlet, kind, to}]}`, in the order of the file, indented. */
export function drawJson({ nodes, edges }: DrawnGraph): string {
  const drawn = {
    nodes: nodes.map(({ name, section, type }) => ({ name, section, type })),
    edges: edges.map(({ from, outlet, kind, to }) => ({ from, outlet, kind, to })),
  };
  return `${JSON.stringify(drawn, undefined, 2)}\n`;
}
