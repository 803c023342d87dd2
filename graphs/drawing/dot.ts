import type { DrawnGraph } from "../plan.ts";
import { type DrawnNode, drawnEdges, outletLabel } from "./drawn-edges.ts";

const shapes: Readonly<Record<DrawnNode["section"], string>> = {
  sources: "cds",
  buffers: "cylinder",
  blocks: "box",
  sinks: "note",
  stores: "cylinder",
};

/** For Graphviz, from left to right; buffers and stores are cylinders, and a dashed arrow writes a store. */
export function drawDot(graph: DrawnGraph): string {
  const lines = [
    "digraph graph_file {",
    "  rankdir=LR;",
    '  node [fontname="sans-serif"];',
    '  edge [fontname="sans-serif"];',
  ];
  for (const { name, section, type } of graph.nodes) {
    const filled = section === "stores" ? ', style="filled", fillcolor="#dbeafe"' : "";
    lines.push(`  ${quoted(name)} [label=${quoted(`${name}\n${type}`)}, shape=${shapes[section]}${filled}];`);
  }
  for (const edge of drawnEdges(graph)) {
    const label = outletLabel(edge);
    const attributes = [
      ...(label === "" ? [] : [`label=${quoted(label)}`]),
      ...(edge.kind === "writes" ? ['style="dashed"'] : []),
    ];
    const list = attributes.length === 0 ? "" : ` [${attributes.join(", ")}]`;
    lines.push(`  ${quoted(edge.from)} -> ${quoted(edge.to)}${list};`);
  }
  lines.push("}");
  return `${lines.join("\n")}\n`;
}

/** A quoted ID (The DOT Language). A backslash is doubled, as it would begin an escape in a label. */
function quoted(text: string): string {
  return `"${text
    .replaceAll("\\", "\\\\")
    .replaceAll('"', '\\"')
    .replace(/\r?\n|\r/g, "\\n")}"`;
}
