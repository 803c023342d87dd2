import { type Catalogue, hasInlet, nodeNoun, type Section, sections } from "./catalogue.ts";
import type { Diagnostics } from "./diagnostic.ts";
import { type Located, type LocatedEntry, type LocatedMapping, type Path, valueAt } from "./located.ts";
import { withOrigin } from "./plugin-origin.ts";
import { checkSettings } from "./settings-check.ts";
import { type Position, shown } from "./source-text.ts";
import { didYouMean } from "./suggestion.ts";

/** One wire into a node, from the side of its taker. */
export interface GraphWire {
  /** Of the node it comes from; whether there is one, the wiring check says. */
  readonly name: string;
  /** Absent: the first outlet of that node. */
  readonly outlet?: string;
  readonly at: Position;
}

/** One node of a graph file, its settings checked. */
export interface GraphNode {
  readonly section: Section;
  readonly name: string;
  /** Empty where it cannot be read. */
  readonly type: string;
  /** What the component's schema gives; `type` and `from` are not in it. Undefined where they have faults. */
  readonly settings: unknown;
  /** In order; empty for sources and stores. */
  readonly from: readonly GraphWire[];
  /** The name in the file. */
  readonly at: Position;
  /** Where a setting's value stands; where the file does not have it, the nearest that it has. */
  settingAt(path: readonly (string | number)[]): Position;
  /** A setting as the file has it, where that is text; also where others have faults. */
  textAt(path: readonly (string | number)[]): string | undefined;
}

const wirePattern = /^([a-zA-Z][a-zA-Z0-9_-]*)(?:\.([a-zA-Z][a-zA-Z0-9_-]*))?$/;
const namePattern = /^[a-zA-Z][a-zA-Z0-9_-]*$/;

/** Checks every node of a tree. A node with faults is reported and stays, so that wires to it can be checked. */
export function readNodes(root: LocatedMapping, catalogue: Catalogue, diagnostics: Diagnostics): GraphNode[] {
  const nodes: GraphNode[] = [];
  const names = new Map<string, Position>();
  for (const [key, entry] of root.entries) {
    const section = sections.find((name) => name === key);
    if (section === undefined || entry.value.kind !== "mapping") continue;
    for (const [name, node] of entry.value.entries) {
      checkName(name, node.keyAt, names, diagnostics);
      nodes.push(readNode(section, name, node, catalogue, diagnostics));
    }
  }
  return nodes;
}

function checkName(name: string, at: Position, names: Map<string, Position>, diagnostics: Diagnostics): void {
  if (!namePattern.test(name)) {
    const rule = "it must be a letter, then letters, digits, _ or -";
    diagnostics.error("SETTING_INVALID", at, `Cannot call a node ${shown(name)} as ${rule}`);
  }
  const present = names.get(name);
  if (present === undefined) {
    names.set(name, at);
    return;
  }
  const place = present.file === at.file ? `line ${present.line}` : `${present.file}:${present.line}`;
  const message = `Cannot use the name ${shown(name)} twice as names are unique in a graph: it stands at ${place} already`;
  diagnostics.error("SETTING_DUPLICATE", at, message);
}

function readNode(
  section: Section,
  name: string,
  { keyAt: at, value: node }: LocatedEntry,
  catalogue: Catalogue,
  diagnostics: Diagnostics,
): GraphNode {
  if (node.kind !== "mapping") {
    if (node.kind !== "scalar" || !node.broken) {
      const message = `Cannot read ${shown(name)} as ${nodeNoun[section]} as it must be a mapping with a type`;
      diagnostics.error("SETTING_INVALID", at, message);
    }
    const unread = { type: "", settings: undefined, from: [] };
    return { section, name, ...unread, at, settingAt: () => at, textAt: () => undefined };
  }
  const from = readWires(section, name, node, at, diagnostics);
  const type = readType(section, name, node, at, diagnostics);
  const settingAt = (path: Path) => nearest(node, at, path);
  const textAt = (path: Path) => textOf(valueAt(node, path));
  const unsound: GraphNode = { section, name, type: type ?? "", settings: undefined, from, at, settingAt, textAt };
  if (type === undefined) return unsound;
  const component = catalogue[section].get(type);
  if (component === undefined) {
    const message = `Cannot make ${nodeNoun[section]} of type ${shown(type)} as no component is called so${hint(type, section, catalogue)}`;
    diagnostics.error("COMPONENT_UNKNOWN", valueAt(node, ["type"])?.at ?? at, message);
    return unsound;
  }
  const own: LocatedMapping = { ...node, entries: new Map(node.entries) };
  own.entries.delete("type");
  own.entries.delete("from");
  const holder = withOrigin(`${nodeNoun[section]} of type ${type}`, component.origin);
  const place = { settings: own, holder, keyAt: at };
  const settings = checkSettings(component.settings, place, diagnostics);
  return { ...unsound, settings };
}

function readType(
  section: Section,
  name: string,
  node: LocatedMapping,
  at: Position,
  diagnostics: Diagnostics,
): string | undefined {
  const type = valueAt(node, ["type"]);
  if (type === undefined) {
    const message = `Cannot read ${shown(name)} as ${nodeNoun[section]} as the key "type" is mandatory: it is missing`;
    diagnostics.error("SETTING_MISSING", at, message);
    return undefined;
  }
  if (type.kind === "scalar" && typeof type.value === "string" && !type.broken) return type.value;
  if (type.kind !== "scalar" || !type.broken) {
    diagnostics.error("SETTING_INVALID", type.at, `Cannot read the type of ${shown(name)} as it must be text`);
  }
  return undefined;
}

function hint(type: string, section: Section, catalogue: Catalogue): string {
  const home = sections.find((other) => other !== section && catalogue[other].has(type));
  return home === undefined ? didYouMean(type, catalogue[section].keys()) : `: it is ${nodeNoun[home]}`;
}

function readWires(
  section: Section,
  name: string,
  node: LocatedMapping,
  at: Position,
  diagnostics: Diagnostics,
): GraphWire[] {
  const entry = node.entries.get("from");
  if (!hasInlet(section)) {
    if (entry !== undefined) {
      const message = `Cannot use the key "from" in ${shown(name)} as ${nodeNoun[section]} takes nothing from other nodes`;
      diagnostics.error("WIRING_INVALID", entry.keyAt, message);
    }
    return [];
  }
  if (entry === undefined) {
    const message = `Cannot wire ${shown(name)} as ${nodeNoun[section]} must say what it takes: the key "from" is missing`;
    diagnostics.error("SETTING_MISSING", at, message);
    return [];
  }
  const items = entry.value.kind === "list" ? entry.value.items : [entry.value];
  if (items.length === 0) {
    diagnostics.error(
      "WIRING_INVALID",
      entry.value.at,
      `Cannot wire ${shown(name)} as "from" must name a node: it is empty`,
    );
  }
  const wires: GraphWire[] = [];
  for (const item of items) {
    const wire = readWire(name, item, diagnostics);
    if (wire === undefined) continue;
    if (wires.some((other) => other.name === wire.name && other.outlet === wire.outlet)) {
      diagnostics.error("SETTING_DUPLICATE", wire.at, `Cannot wire ${shown(name)} twice to ${shown(wire.name)}`);
    } else wires.push(wire);
  }
  return wires;
}

function readWire(name: string, item: Located, diagnostics: Diagnostics): GraphWire | undefined {
  if (item.kind === "scalar" && item.broken) return undefined;
  const parts = item.kind === "scalar" && typeof item.value === "string" ? wirePattern.exec(item.value) : null;
  const [, source, outlet] = parts ?? [];
  if (source !== undefined) return { name: source, ...(outlet === undefined ? {} : { outlet }), at: item.at };
  const message = `Cannot wire ${shown(name)} as "from" must be the name of a node, or a name and an outlet with a dot between`;
  diagnostics.error("WIRING_INVALID", item.at, message);
  return undefined;
}

function textOf(value: Located | undefined): string | undefined {
  return value?.kind === "scalar" && typeof value.value === "string" && !value.broken ? value.value : undefined;
}

function nearest(node: LocatedMapping, at: Position, path: Path): Position {
  for (let length = path.length; length > 0; length -= 1) {
    const value = valueAt(node, path.slice(0, length));
    if (value !== undefined) return value.at;
  }
  return at;
}
