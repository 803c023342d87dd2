import type { BlockDefinition, ElementKind } from "../blocks/model/component.ts";
import type { GraphFile } from "../config/graph-file.ts";
import type { Catalogue } from "./catalogue.ts";
import type { DrawnGraph, FileNode, FileWire, Plan, PlannedNode, Segment, Wire } from "./plan.ts";
import { checkPeriods } from "./period-check.ts";
import { type FaultReport, type Wiring, wire } from "./wiring.ts";

/**
 * Makes a checked graph file ready to run: composites are expanded, and the graph is cut at its buffers into segments.
 * Faults are reported; with any error the plan is good for drawing only.
 */
export function plan(graph: GraphFile, catalogue: Catalogue, faults: FaultReport): Plan {
  const wiring = wire(graph, catalogue, faults);
  checkPeriods(graph, faults);
  // A node without settings has faults that are reported already: it cannot be expanded.
  const sound = graph.nodes.every(({ settings }) => settings !== undefined);
  const { nodes, wires } = sound ? expand(wiring, catalogue) : { nodes: [], wires: [] };
  const segments = cut(nodes, wires);
  return {
    graph,
    stores: wiring.stores,
    buffers: nodes.filter(({ definition }) => definition.kind === "buffer"),
    segments,
    wires,
    drawn: drawn(graph, wiring),
  };
}

interface Expanded {
  readonly nodes: PlannedNode[];
  readonly wires: Wire[];
}

/** Where an outlet of a file node really comes out, and which running node takes what comes in. */
interface Ends {
  readonly outlets: (outlet: string) => readonly { node: PlannedNode; outlet: string; kind: ElementKind }[];
  readonly inlets: readonly PlannedNode[];
}

function expand({ nodes: fileNodes, wires: fileWires }: Wiring, catalogue: Catalogue): Expanded {
  const nodes: PlannedNode[] = [];
  const wires: Wire[] = [];
  const ends = new Map<FileNode, Ends>();
  for (const file of fileNodes) ends.set(file, addNode(file, fileWires, catalogue, nodes, wires));
  for (const { from, outlet, kind, to } of fileWires) {
    for (const source of ends.get(from)?.outlets(outlet) ?? []) {
      for (const target of ends.get(to)?.inlets ?? []) {
        wires.push({ from: source.node, outlet: source.outlet, kind, to: target });
      }
    }
  }
  return { nodes, wires };
}

function addNode(
  file: FileNode,
  fileWires: readonly FileWire[],
  catalogue: Catalogue,
  nodes: PlannedNode[],
  wires: Wire[],
): Ends {
  const { node, definition } = file;
  if (definition.kind !== "composite") {
    const planned: PlannedNode = { name: node.name, definition, settings: node.settings };
    nodes.push(planned);
    const kinds = fileWires.filter(({ from }) => from === file);
    return {
      outlets: (outlet) => [
        { node: planned, outlet, kind: kinds.find((one) => one.outlet === outlet)?.kind ?? "observations" },
      ],
      inlets: [planned],
    };
  }
  const listened = new Set(fileWires.filter(({ from }) => from === file).map(({ outlet }) => outlet));
  const expansion = definition.expand(node.settings as never, listened);
  const inner = new Map<string, PlannedNode>();
  for (const [name, { type, settings }] of Object.entries(expansion.nodes)) {
    const block = catalogue.blocks.get(type) as BlockDefinition;
    const planned: PlannedNode = { name: `${node.name}/${name}`, definition: block, settings };
    inner.set(name, planned);
    nodes.push(planned);
  }
  const innerNode = (name: string) => inner.get(name) as PlannedNode;
  const inlets: PlannedNode[] = [];
  for (const { from, to } of expansion.wires) {
    if (from === "in") inlets.push(innerNode(to));
    else {
      const end = outletEnd(from, innerNode);
      wires.push({ from: end.node, outlet: end.outlet, kind: end.kind, to: innerNode(to) });
    }
  }
  return { outlets: (outlet) => (expansion.outlets[outlet] ?? []).map((end) => outletEnd(end, innerNode)), inlets };
}

function outletEnd(end: string, innerNode: (name: string) => PlannedNode) {
  const [name = "", outlet = ""] = end.split(".");
  const node = innerNode(name);
  const kind = (node.definition as BlockDefinition).outlets[outlet] ?? "observations";
  return { node, outlet, kind };
}

/** Nodes that are connected without passing a buffer belong together. */
function cut(nodes: readonly PlannedNode[], wires: readonly Wire[]): Segment[] {
  const isBuffer = (node: PlannedNode) => node.definition.kind === "buffer";
  const group = new Map<PlannedNode, PlannedNode[]>();
  // The blocks of one composite stay together even without wires between them: a segment goes by the name of its first node.
  const inFile = new Map<string, PlannedNode[]>();
  for (const node of nodes) {
    if (isBuffer(node)) continue;
    const members = inFile.get(nameInFile(node.name)) ?? [];
    members.push(node);
    inFile.set(nameInFile(node.name), members);
    group.set(node, members);
  }
  for (const { from, to } of wires) {
    const left = group.get(from);
    const right = group.get(to);
    if (left === undefined || right === undefined || left === right) continue;
    left.push(...right);
    for (const node of right) group.set(node, left);
  }
  // A wire from buffer to buffer has no node of its own: it is a segment with wires only.
  const between = wires.filter(({ from, to }) => isBuffer(from) && isBuffer(to));
  const segments = [...new Set(group.values())].map((members) =>
    segmentOf(
      nodes.filter((node) => members.includes(node)),
      wires.filter(({ from, to }) => members.includes(from) || members.includes(to)),
    ),
  );
  return [...segments, ...between.map((one) => segmentOf([], [one]))];
}

function segmentOf(nodes: readonly PlannedNode[], wires: readonly Wire[]): Segment {
  const buffers = (ends: readonly PlannedNode[]) => [
    ...new Set(ends.filter(({ definition }) => definition.kind === "buffer")),
  ];
  const [first] = nodes;
  const [only] = wires;
  return {
    // Inside a composite, names may change from version to version. No node has a dot in its name.
    name: first === undefined ? `${only?.from.name}.${only?.to.name}` : nameInFile(first.name),
    nodes,
    wires,
    reads: buffers(wires.map(({ from }) => from)),
    fills: buffers(wires.map(({ to }) => to)),
  };
}

function nameInFile(name: string): string {
  return name.split("/")[0] ?? name;
}

function drawn(graph: GraphFile, { wires }: Wiring): DrawnGraph {
  const written = graph.nodes.flatMap(({ name, settings }) => {
    const { store } = (settings ?? {}) as { store?: string };
    return store === undefined ? [] : [{ from: name, outlet: "", kind: "writes" as const, to: store }];
  });
  return {
    nodes: graph.nodes.map(({ name, section, type }) => ({ name, section, type })),
    edges: [
      ...wires.map(({ from, outlet, kind, to }) => ({ from: from.node.name, outlet, kind, to: to.node.name })),
      ...written,
    ],
  };
}
