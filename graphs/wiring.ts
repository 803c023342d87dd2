import type { StoreDefinition } from "../blocks/model/component.ts";
import type { AnyDerivation } from "../blocks/model/derivation.ts";
import type { AnyDerivator } from "../blocks/model/derivator.ts";
import { choiceFaults, type PluginChoice, typeOfChoice } from "../blocks/model/plugin-choice.ts";
import { hasInlet } from "../config/catalogue.ts";
import type { GraphFile } from "../config/graph-file.ts";
import type { GraphNode } from "../config/graph-node.ts";
import type { Position } from "../config/source-text.ts";
import { didYouMean, suggestion } from "../config/suggestion.ts";
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
  // Names that stand twice are reported already: the first is meant, as good as any.
  const known = new Map([...graph.nodes].reverse().map((node) => [node.name, node]));
  for (const node of graph.nodes) {
    const { section, type, name } = node;
    if (known.get(name) !== node) continue;
    if (section === "stores") {
      const definition = catalogue.stores.get(type);
      if (definition !== undefined) stores.set(name, { definition, settings: node.settings });
    } else {
      const definition = catalogue[section].get(type);
      if (definition !== undefined) nodes.set(name, { node, definition });
    }
  }
  for (const file of nodes.values()) {
    checkStore(file, known, faults);
    checkChoices(file.node, "derivators", catalogue.derivators, faults);
    checkChoices(file.node, "derive", catalogue.derivations, faults);
  }
  const wires = [...nodes.values()].flatMap((to) => wiresInto(to, nodes, known, faults));
  checkEnds([...nodes.values()], wires, graph, faults);
  checkCycles([...nodes.values()], wires, faults);
  for (const one of wires) if (one.kind === "updates") checkAgreement(one, faults);
  for (const file of nodes.values()) checkDerivingAlone(file, wires, faults);
  return { nodes: [...nodes.values()], wires, stores };
}

/** The key `store` names a store in every component that has it. */
function checkStore({ node, definition }: FileNode, known: ReadonlyMap<string, GraphNode>, faults: FaultReport): void {
  const name = "store" in definition.settings.shape ? node.textAt(["store"]) : undefined;
  if (name === undefined || known.get(name)?.section === "stores") return;
  const stores = [...known.values()].filter(({ section }) => section === "stores").map((store) => store.name);
  const hint = stores.length === 0 ? ": the file has no section `stores`" : didYouMean(name, stores);
  faults.error(
    "WIRING_INVALID",
    node.settingAt(["store"]),
    `Cannot use the store "${name}" as there is none of that name${hint}`,
  );
}

/** What one block computes of a bucket, the next one stores: they must mean the same. */
function checkAgreement({ from, to }: FileWire, faults: FaultReport): void {
  const [one, other] = [from.node.settings ?? {}, to.node.settings ?? {}] as Record<string, unknown>[];
  for (const key of ["store", "aggregators", "derivators"]) {
    if (from.node.settings === undefined || to.node.settings === undefined) return;
    const [given, expected] = [JSON.stringify(other?.[key]), JSON.stringify(one?.[key])];
    if (given === expected) continue;
    const rule = `it must be that of "${from.node.name}", whose updates it takes: it is not ${expected}`;
    faults.error(
      "WIRING_INVALID",
      to.node.settingAt([key]),
      `Cannot use ${given} for ${key} in "${to.node.name}" as ${rule}`,
    );
  }
}

/** Two partitions might derive one series, and each would roll up what it alone knows of. */
function checkDerivingAlone(file: FileNode, wires: readonly FileWire[], faults: FaultReport): void {
  const { derive } = (file.node.settings ?? {}) as { derive?: unknown };
  if (!Array.isArray(derive) || derive.length === 0) return;
  const upstream = new Set<FileNode>([file]);
  for (const node of upstream) {
    if (node.definition.kind === "buffer") continue;
    for (const { from, to } of wires) if (to === node) upstream.add(from);
  }
  for (const { node, definition } of upstream) {
    const { partitions } = (node.settings ?? {}) as { partitions?: number };
    if (definition.kind !== "buffer" || partitions === undefined || partitions === 1) continue;
    const rule = `two partitions may derive one series: the buffer "${node.name}" has ${partitions}`;
    faults.error("WIRING_INVALID", file.node.settingAt(["derive"]), `Cannot derive in "${file.node.name}" as ${rule}`);
  }
}

/** The keys `derivators` and `derive` choose what plugins bring, and say its settings, in every component that has them. */
function checkChoices(
  node: GraphNode,
  key: "derivators" | "derive",
  known: readonly (AnyDerivator | AnyDerivation)[],
  faults: FaultReport,
): void {
  const { [key]: choices } = (node.settings ?? {}) as Partial<Record<string, unknown>>;
  if (!Array.isArray(choices)) return;
  choices.forEach((choice: PluginChoice, index) => {
    const name = typeOfChoice(choice);
    const chosen = known.find((one) => one.name === name);
    if (chosen !== undefined) {
      for (const { code, path, message } of choiceFaults(choice, chosen)) {
        faults.error(code, node.settingAt([key, index, ...path]), message);
      }
      return;
    }
    const kind = key === "derive" ? "derivation" : "derivator";
    const hint =
      didYouMean(
        name,
        known.map((one) => one.name),
      ) || (known.length === 0 ? ": no plugin brings any" : "");
    faults.error(
      "COMPONENT_UNKNOWN",
      node.settingAt(typeof choice === "string" ? [key, index] : [key, index, "type"]),
      `Cannot use the ${kind} "${name}" as there is none of that name${hint}`,
    );
  });
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
      const hint = didYouMean(name, emitting([...known.values()]));
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

function emitting(nodes: readonly GraphNode[]): string[] {
  return nodes.filter(({ section }) => section !== "stores" && section !== "sinks").map(({ name }) => name);
}

/** What a source or buffer takes in has to go somewhere. */
function checkEnds(
  nodes: readonly FileNode[],
  wires: readonly FileWire[],
  graph: GraphFile,
  faults: FaultReport,
): void {
  // A `from` that is not there or cannot be read is reported already, and might have named any of them.
  if (graph.nodes.some(({ section, from }) => hasInlet(section) && from.length === 0)) return;
  const named = namedOrMeant(graph);
  for (const from of nodes) {
    const { node, definition } = from;
    if (definition.kind !== "source" && definition.kind !== "buffer") continue;
    if (named.has(node.name) && (definition.kind === "buffer" || !onlyRejected(node.name, graph, wires))) continue;
    faults.error("WIRING_INVALID", node.at, `Cannot run "${node.name}" as nothing takes what it emits`);
  }
}

/** Names in any `from`, also of nodes with faults of their own, and those that a mistyped one was probably meant for. */
function namedOrMeant(graph: GraphFile): ReadonlySet<string> {
  const known = new Set(graph.nodes.map(({ name }) => name));
  const candidates = emitting(graph.nodes);
  const named = graph.nodes.flatMap(({ from }) => from.map(({ name }) => name));
  return new Set(named.map((name) => (known.has(name) ? name : (suggestion(name, candidates) ?? name))));
}

function onlyRejected(name: string, graph: GraphFile, wires: readonly FileWire[]): boolean {
  const outlets = wires.filter(({ from }) => from.node.name === name).map(({ outlet }) => outlet);
  if (outlets.length === 0) return false;
  const mentions = graph.nodes.flatMap(({ from }) => from).filter((from) => from.name === name).length;
  return mentions === outlets.length && !outlets.includes("observations");
}

/** A cycle is legal only where a node on it discards, limits or buffers: else elements in it only ever grow in number. */
function checkCycles(all: readonly FileNode[], wires: readonly FileWire[], faults: FaultReport): void {
  // Without those nodes no legal cycle is left, and none can hide an illegal one from the search.
  const nodes = all.filter(({ definition }) => !isBounding(definition));
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
    for (const { from, to } of wires) if (from === node && !isBounding(to.definition)) visit(to);
    path.pop();
  };
  for (const node of nodes) visit(node);
}

function isBounding(definition: FileNode["definition"]): boolean {
  if (definition.kind === "block" || definition.kind === "composite") return definition.bounds;
  return definition.kind === "buffer";
}

function reportCycle(cycle: readonly FileNode[], wires: readonly FileWire[], faults: FaultReport): void {
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
