import type { DrawnGraph } from "../plan.ts";
import { type DrawnNode, drawnEdges, outletLabel } from "./drawn-edges.ts";

/** What stands around the label of a node, by section (Mermaid flowcharts, "Node shapes"). */
const shapes: Readonly<Record<DrawnNode["section"], readonly [string, string]>> = {
  sources: ["([", "])"],
  buffers: ["[(", ")]"],
  blocks: ["[", "]"],
  sinks: ["[[", "]]"],
  stores: ["[(", ")]"],
};

/** A flowchart from left to right; buffers and stores are cylinders, and a dotted arrow writes a store. */
export function drawMermaid(graph: DrawnGraph): string {
  const ids = new Map(graph.nodes.map(({ name }, index) => [name, `n${index}`]));
  const lines = ["flowchart LR"];
  for (const { name, section, type } of graph.nodes) {
    const [open, close] = shapes[section];
    lines.push(`  ${ids.get(name)}${open}"${escaped(name)}<br/>${escaped(type)}"${close}:::${section}`);
  }
  for (const edge of drawnEdges(graph)) {
    const label = outletLabel(edge);
    const arrow = edge.kind === "writes" ? "-.->" : "-->";
    lines.push(`  ${ids.get(edge.from)} ${arrow}${label === "" ? "" : `|"${escaped(label)}"|`} ${ids.get(edge.to)}`);
  }
  lines.push("  classDef buffers fill:#fff3d6,stroke:#b7791f,color:#1a202c");
  lines.push("  classDef stores fill:#dbeafe,stroke:#1d4ed8,color:#1a202c");
  return `${lines.join("\n")}\n`;
}

/** Whatever is not a letter, a digit or plain punctuation becomes an entity code, so that no name can end its label. */
function escaped(text: string): string {
  return text.replace(/[^\p{L}\p{M}\p{N} ./_:-]/gu, (character) => `#${character.codePointAt(0)};`);
}
