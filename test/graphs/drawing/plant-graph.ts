import type { DrawnGraph } from "../../../graphs/plan.ts";

type Node = DrawnGraph["nodes"][number];
type Edge = DrawnGraph["edges"][number];

export const node = (name: string, section: Node["section"], type: string): Node => ({ name, section, type });
export const edge = (from: string, to: string, outlet = "observations", kind: Edge["kind"] = "observations"): Edge => ({
  from,
  outlet,
  kind,
  to,
});

/** The graph file that the handbook begins with. */
export const plantGraph: DrawnGraph = {
  nodes: [
    node("main", "stores", "embedded"),
    node("boiler", "sources", "poll/modbus/tcp"),
    node("meters", "sources", "flow/http/json"),
    node("raw", "buffers", "disk"),
    node("plausible", "blocks", "filter"),
    node("rollups", "blocks", "processor"),
    node("out", "sinks", "stdout/json"),
    node("bad", "sinks", "file/jsonl"),
  ],
  edges: [
    edge("boiler", "raw"),
    edge("meters", "raw"),
    edge("raw", "plausible"),
    edge("plausible", "rollups"),
    edge("rollups", "out", "aggregations", "aggregations"),
    edge("rollups", "bad", "rejected", "dead-letters"),
    edge("rollups", "main", "", "writes"),
  ],
};

/** Names that would end a label, a string or a line. */
export const nastyGraph: DrawnGraph = {
  nodes: [node('a"]; b', "blocks", "x\\"), node("<b>\n`c`", "sinks", "#1;|")],
  edges: [edge('a"]; b', "<b>\n`c`", 'o"|x'), edge('a"]; b', "nowhere")],
};
