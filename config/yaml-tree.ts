import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Pair,
  type ParsedNode,
  parseAllDocuments,
  type Scalar,
  type YAMLError,
  type YAMLMap,
} from "yaml";
import type { Diagnostics } from "./diagnostic.ts";
import type { Located, LocatedEntry, LocatedMapping } from "./located.ts";
import { tooDeepAt } from "./nesting.ts";
import { isSecretKey, type Position, type SourceText, shown } from "./source-text.ts";
import { type Environment, substitute, unveil, veil } from "./variables.ts";

/** Far above what a graph needs, and far below what exhausts the stack. */
const depthMax = 64;
/** A longer file is refused unread. */
export const fileBytesMax = 1024 * 1024;
/** Nodes that aliases may stand for in one file: an alias bomb ends here. */
const aliasNodesMax = 10_000;

/**
 * Reads the text of a graph file: one YAML document that is a mapping, its keys text and unique, its variables replaced. Reports
 * every fault and goes on with what can be read.
 *
 * @returns The mapping; undefined where the text has none.
 */
export function readYaml(
  source: SourceText,
  environment: Environment,
  diagnostics: Diagnostics,
): LocatedMapping | undefined {
  const bytes = Buffer.byteLength(source.text);
  if (bytes > fileBytesMax) {
    const message = `Cannot read the file as it must be at most ${fileBytesMax} bytes: it is ${bytes}`;
    diagnostics.error("SIZE_LIMIT", source.position(0, 1), message);
    return undefined;
  }
  const veiled = veil(source.text);
  const deep = tooDeepAt(veiled, depthMax);
  if (deep !== undefined) {
    diagnostics.error("SIZE_LIMIT", source.position(deep, deep + 1), deepMessage);
    return undefined;
  }
  const { documents, faults } = parse(veiled);
  reportSyntax(faults, source, diagnostics);
  const [first, second] = documents;
  if (second !== undefined) {
    const at = second.contents?.range[0] ?? second.range[0];
    diagnostics.error(
      "YAML_INVALID",
      source.position(at, at + 1),
      "Cannot read a second document as a file is one graph",
    );
  }
  const contents = first?.contents;
  if (isMap(contents)) return new TreeReader(source, environment, diagnostics).mapping(contents, 1);
  if (contents || faults.length === 0) {
    const what = contents ? "a list or a single value" : "empty";
    const [start, end] = contents?.range ?? [0, 1];
    const message = `Cannot read the file as a graph as it must be a mapping of sections: it is ${what}`;
    diagnostics.error("YAML_INVALID", source.position(start, end), message);
  }
  return undefined;
}

const deepMessage = `Cannot read the file as it must not nest deeper than ${depthMax} levels`;

/** A tab in the indentation is one fault: with spaces in their place, the rest is read as it was meant. */
function parse(text: string): { documents: Document.Parsed<ParsedNode>[]; faults: YAMLError[] } {
  const documents = [...parseAllDocuments(text, { uniqueKeys: false, prettyErrors: false, logLevel: "silent" })];
  const faults = documents.flatMap(({ errors, warnings }) => [...errors, ...warnings]);
  const tabs = faults.filter(({ code }) => code === "TAB_AS_INDENT");
  if (tabs.length === 0) return { documents, faults };
  const spaced = parse(text.replaceAll(/^[ \t]+/gm, (indent) => indent.replaceAll("\t", " ")));
  return { documents: spaced.documents, faults: [...tabs, ...spaced.faults] };
}

/** One fault makes the parser stumble several times on a line; the first says it best. */
function reportSyntax(errors: readonly YAMLError[], source: SourceText, diagnostics: Diagnostics): void {
  const lines = new Set<number>();
  for (const error of errors) {
    const at = source.position(error.pos[0], error.pos[1]);
    if (lines.has(at.line)) continue;
    lines.add(at.line);
    diagnostics.error("YAML_INVALID", at, `Cannot read this as YAML: ${ruleOf(error)}`);
  }
}

/** The parser's messages may quote the text, and with it a secret: what is quoted is left out. */
function ruleOf(error: YAMLError): string {
  if (error.code === "TAB_AS_INDENT") return "lines are indented with spaces, not with tabs";
  if (error.code === "TAG_RESOLVE_FAILED") return "tags such as !name have no meaning here";
  const sentence = unveil(error.message).replace(/:? *".*$/s, "");
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}

class TreeReader {
  readonly #source: SourceText;
  readonly #environment: Environment;
  readonly #diagnostics: Diagnostics;
  readonly #anchors = new Map<string, ParsedNode>();
  /** Anchored nodes that are being read: an alias to one of them would never end. */
  readonly #open = new Set<ParsedNode>();
  #aliasNodes = 0;
  #aliasDepth = 0;

  constructor(source: SourceText, environment: Environment, diagnostics: Diagnostics) {
    this.#source = source;
    this.#environment = environment;
    this.#diagnostics = diagnostics;
  }

  mapping(map: YAMLMap.Parsed, depth: number): LocatedMapping {
    const entries = new Map<string, LocatedEntry>();
    for (const pair of map.items) this.#pair(pair, entries, depth);
    return { kind: "mapping", entries, at: this.#at(map) };
  }

  #pair({ key, value }: Pair<ParsedNode, ParsedNode | null>, entries: Map<string, LocatedEntry>, depth: number): void {
    const keyAt = this.#at(key);
    if (!isScalar(key) || typeof key.value !== "string" || key.value === "__proto__") {
      const what = isScalar(key) ? `${String(key.value)}: write it in quotes` : "a list, a mapping or an alias";
      this.#diagnostics.error("YAML_INVALID", keyAt, `Cannot use this key as keys must be text: it is ${what}`);
      return;
    }
    const name = unveil(key.value);
    if (isSecretKey(name) && value !== null) this.#source.hide(this.#at(value));
    const earlier = entries.get(name);
    const located = value === null ? this.#empty(keyAt) : this.#node(value, keyAt, depth);
    if (earlier === undefined) {
      entries.set(name, { keyAt, value: located });
      return;
    }
    const message = `Cannot use the key ${shown(name)} twice in one mapping: it stands at line ${earlier.keyAt.line} already`;
    this.#diagnostics.error("SETTING_DUPLICATE", keyAt, message);
  }

  #node(node: ParsedNode, keyAt: Position | undefined, depth: number): Located {
    const at = this.#at(node);
    if (depth >= depthMax) return this.#broken("SIZE_LIMIT", at, deepMessage);
    if (this.#aliasDepth > 0) {
      this.#aliasNodes += 1;
      if (this.#aliasNodes > aliasNodesMax) return { ...this.#empty(at), broken: true };
    }
    if (isAlias(node)) return this.#alias(node, at, depth);
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    if (isScalar(node)) return this.#scalar(node, at, keyAt);
    this.#open.add(node);
    const located: Located = isSeq(node)
      ? { kind: "list", items: node.items.map((item) => this.#node(item, undefined, depth + 1)), at }
      : this.mapping(node, depth + 1);
    this.#open.delete(node);
    return located;
  }

  #alias(alias: Alias, at: Position, depth: number): Located {
    const node = this.#anchors.get(alias.source);
    if (node === undefined) {
      const message = `Cannot use the alias "${alias.source}" as its anchor must stand before it: there is none`;
      return this.#broken("YAML_INVALID", at, message);
    }
    if (this.#open.has(node)) {
      const message = `Cannot use the alias "${alias.source}" inside what it stands for`;
      return this.#broken("YAML_INVALID", at, message);
    }
    if (this.#aliasNodes > aliasNodesMax) return { ...this.#empty(at), broken: true };
    this.#aliasDepth += 1;
    const located = this.#node(node, undefined, depth);
    this.#aliasDepth -= 1;
    if (this.#aliasNodes > aliasNodesMax && this.#aliasDepth === 0) {
      const message = `Cannot use more aliases as they may stand for ${aliasNodesMax} values in one file: it is more`;
      return this.#broken("SIZE_LIMIT", at, message);
    }
    return located;
  }

  #scalar(scalar: Scalar.Parsed, at: Position, keyAt: Position | undefined): Located {
    const { value, range } = scalar;
    if (typeof value !== "string") {
      const simple = typeof value === "number" || typeof value === "boolean" ? value : null;
      return { ...this.#empty(range[0] === range[1] && keyAt !== undefined ? keyAt : at), value: simple };
    }
    const text = unveil(value);
    if (!text.includes("${")) return { ...this.#empty(at), value: text };
    const substitution = substitute(text, this.#environment, scalar.type === "PLAIN");
    for (const { code, sentence } of substitution.faults) this.#diagnostics.error(code, at, sentence);
    const { value: given, secret, faults } = substitution;
    return { kind: "scalar", value: given, at, secret, broken: faults.length > 0 };
  }

  #empty(at: Position) {
    return { kind: "scalar", value: null, at, secret: false, broken: false } as const;
  }

  #broken(code: "YAML_INVALID" | "SIZE_LIMIT", at: Position, message: string): Located {
    this.#diagnostics.error(code, at, message);
    return { ...this.#empty(at), broken: true };
  }

  #at(node: ParsedNode): Position {
    return this.#source.position(node.range[0], node.range[1]);
  }
}
