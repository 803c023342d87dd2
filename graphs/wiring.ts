import type { StoreDefinition } from "../blocks/model/component.ts";
import type { GraphFile } from "../config/graph-file.ts";
import type { GraphNode } from "../config/graph-node.ts";
import type { Position } from "../config/source-text.ts";
import { didYouMean } from "../config/suggestion.ts";
import type { ErrorCode } from "../runtime/errors.ts";
import type { Catalogue } from "./catalogue.ts";
import { acceptedBy, type FileNode, type FileWire, outletsOf } from "./plan.ts";

/** Takes faults with their place. */
export interface FaultReport {
  error(code: ErrorCode, at: Position, message: string): void;
  warn(code: ErrorCode, at: Position, message: string): void;
}

export interface Wiring {
  readonly nodes: readonly FileNode[];
  readonly wires: readonly FileWire[];
  readonly stores: ReadonlyMap<string, { readonly definition: StoreDefinition; readonly settings: unknown }>;
}

/** Follows every `from` and `store` of a graph file, and reports all that lead nowhere, do not fit or form an endless loop. */
export function wire(graph: GraphFile, catalogue: Catalogue, faults: FaultReport): Wiring {
  const stores = new Map<string, { definition: StoreDefinition; settings: unknown }>();
  const nodes = new Map<string, FileNode>();
  const known = new Map(graph.nodes.map((node) => [node.name, node]));
  for (const node of graph.nodes) {
    const { section, type, name } = node;
    if (section === "stores") {
      const definition = catalogue.stores.get(type);
      if (definition !== undefined) stores.set(name, { definition, settings: node.settings });
    } else {
      const definition = catalogue[section].get(type);
      if (definition !== undefined) nodes.set(name, { node, definition });
    }
  }
  for (const { node } of nodes.values()) checkStore(node, known, faults);
  const wires = [...nodes.values()].flatMap((to) => wiresInto(to, nodes, known, faults));
  checkEnds([...nodes.values()], wires, faults);
  checkCycles([...nodes.values()], wires, faults);
  return { nodes: [...nodes.values()], wires, stores };
}

/** The key `store` names a store in every component that has it. */
function checkStore(node: GraphNode, known: ReadonlyMap<string, GraphNode>, faults: FaultReport): void {
  const { store: name } = (node.settings ?? {}) as { store?: unknown };
  if (typeof name !== "string" || known.get(name)?.section === "stores") return;
  const stores = [...known.values()].filter(({ section }) => section === "stores").map((store) => store.name);
  const hint = stores.length === 0 ? ": the file has no section `stores`" : didYouMean(name, stores);
  faults.error(
    "WIRING_INVALID",
    node.settingAt(["store"]),
    `Cannot use the store "${name}" as there is none of that name${hint}`,
  );
}

function wiresInto(
  to: FileNode,
  nodes: ReadonlyMap<string, FileNode>,
  known: ReadonlyMap<string, GraphNode>,
  faults: FaultReport,
): FileWire[] {
  const wires: FileWire[] = [];
  for (const { name, outlet, at } of to.node.from) {
    const target = known.get(name);
    if (target === undefined) {
      const names = [...known.values()].filter(({ section }) => section !== "stores" && section !== "sinks");
      const hint = didYouMean(
        name,
        names.map((node) => node.name),
      );
      faults.error("WIRING_INVALID", at, `Cannot take from "${name}" as there is no node of that name${hint}`);
      continue;
    }
    // A node whose type is unknown has been reported already.
    const from = nodes.get(name);
    if (from === undefined && target.section !== "stores") continue;
    const outlets = from === undefined ? {} : outletsOf(from.definition);
    const chosen = outlet ?? Object.keys(outlets)[0];
    const kind = chosen === undefined ? undefined : outlets[chosen];
    if (from === undefined || chosen === undefined) {
      faults.error(
        "WIRING_INVALID",
        at,
        `Cannot take from "${name}" as a ${target.section.slice(0, -1)} emits nothing`,
      );
    } else if (kind === undefined) {
      const names = Object.keys(outlets);
      const hint = didYouMean(chosen, names) || `: it has ${names.map((each) => `"${each}"`).join(", ")}`;
      faults.error("WIRING_INVALID", at, `Cannot take from "${name}.${chosen}" as "${name}" has no such outlet${hint}`);
    } else if (!acceptedBy(to.definition).includes(kind)) {
      const accepted = acceptedBy(to.definition).join(" or ");
      faults.error(
        "WIRING_INVALID",
        at,
        `Cannot take from "${name}.${chosen}" as ${to.node.type} takes ${accepted}: it is ${kind}`,
      );
    } else wires.push({ from, outlet: chosen, kind, to });
  }
  return wires;
}

/** What a source or buffer takes in has to go somewhere. */
function checkEnds(nodes: readonly FileNode[], wires: readonly FileWire[], faults: FaultReport): void {
  const named = new Set(nodes.flatMap(({ node }) => node.from.map(({ name }) => name)));
  for (const from of nodes) {
    const { node, definition } = from;
    if (definition.kind !== "source" && definition.kind !== "buffer") continue;
    // One that is named in a `from` with a fault of its own has been reported there.
    if (named.has(node.name) && (definition.kind === "buffer" || !onlyRejected(node.name, nodes, wires))) continue;
    faults.error("WIRING_INVALID", node.at, `Cannot run "${node.name}" as nothing takes what it emits`);
  }
}

function onlyRejected(name: string, nodes: readonly FileNode[], wires: readonly FileWire[]): boolean {
  const outlets = wires.filter(({ from }) => from.node.name === name).map(({ outlet }) => outlet);
  const mentions = nodes.flatMap(({ node }) => node.from).filter((from) => from.name === name).length;
  return mentions === outlets.length && !outlets.includes("observations");
}

/** A cycle is legal only where a node on it discards, limits or buffers: else elements in it only ever grow in number. */
function checkCycles(nodes: readonly FileNode[], wires: readonly FileWire[], faults: FaultReport): void {
  const visited = new Set<FileNode>();
  const path: FileNode[] = [];
  const visit = (node: FileNode): void => {
    const start = path.indexOf(node);
    if (start >= 0) {
      reportCycle(path.slice(start), wires, faults);
      return;
    }
    if (visited.has(node)) return;
    visited.add(node);
    path.push(node);
    for (const { from, to } of wires) if (from === node) visit(to);
    path.pop();
  };
  for (const node of nodes) visit(node);
}

function reportCycle(cycle: readonly FileNode[], wires: readonly FileWire[], faults: FaultReport): void {
  const bounded = cycle.some(
    ({ definition }) =>
      definition.kind === "buffer" ||
      ((definition.kind === "block" || definition.kind === "composite") && definition.bounds),
  );
  if (bounded) return;
  const [first] = cycle;
  const last = cycle.at(-1);
  const closing = wires.find(({ from, to }) => from === last && to === first);
  const at = first?.node.from.find(({ name }) => name === closing?.from.node.name)?.at ?? first?.node.at;
  if (at === undefined) return;
  const names = [...cycle, first].map((node) => node?.node.name).join(" -> ");
  faults.error(
    "CYCLE_UNBOUNDED",
    at,
    `Cannot run the cycle ${names} as a node on it must discard, limit or buffer: none does`,
  );
}
