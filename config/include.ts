import { dirname, isAbsolute, join, normalize } from "node:path";
import { sentenceOf } from "../runtime/errors.ts";
import { sections } from "./catalogue.ts";
import type { Diagnostics } from "./diagnostic.ts";
import type { Located, LocatedMapping, LocatedScalar } from "./located.ts";
import { SourceText, shown } from "./source-text.ts";
import type { Environment } from "./variables.ts";
import { readYaml } from "./yaml-tree.ts";

/** Gives the text of a file; fails with one sentence. */
export type ReadText = (file: string) => Promise<string>;

/** An included file may include others, this many times over. */
const depthMax = 8;
/** Files that one graph may be made of. */
const filesMax = 64;

/**
 * Reads a graph file and all it includes into one tree whose parts know which file they come from. Nodes and plugins add up, a
 * node that stands twice is reported; of every other key the file nearest to the root has the word, then the first included.
 *
 * @param text Of the file at the root.
 * @returns The merged tree; undefined where the root cannot be read.
 */
export async function readTree(
  text: string,
  file: string,
  { environment, readText }: { readonly environment: Environment; readonly readText: ReadText },
  diagnostics: Diagnostics,
): Promise<LocatedMapping | undefined> {
  let files = 0;
  return read(text, normalize(file), []);

  async function read(text: string, file: string, chain: readonly string[]): Promise<LocatedMapping | undefined> {
    files += 1;
    const source = new SourceText(file, text);
    diagnostics.addSource(source);
    const root = readYaml(source, environment, diagnostics);
    if (root === undefined) return undefined;
    for (const name of includeNames(root)) {
      const target = isAbsolute(name.value) ? normalize(name.value) : join(dirname(file), name.value);
      const included = await include(name, target, [...chain, file]);
      if (included !== undefined) merge(root, included, diagnostics);
    }
    return root;
  }

  async function include(
    name: LocatedScalar,
    target: string,
    chain: readonly string[],
  ): Promise<LocatedMapping | undefined> {
    const refuse = (rule: string): undefined => {
      diagnostics.error("INCLUDE_INVALID", name.at, `Cannot include "${target}" as ${rule}`);
    };
    if (chain.includes(target))
      return refuse(`it must not include itself: it does, by ${[...chain, target].join(" → ")}`);
    if (chain.length > depthMax) return refuse(`files must not include each other more than ${depthMax} deep`);
    if (files >= filesMax) return refuse(`a graph must be made of at most ${filesMax} files`);
    if (diagnostics.source(target) !== undefined)
      return refuse("a graph may include a file only once: it is included already");
    let text: string;
    try {
      text = await readText(target);
    } catch (thrown) {
      return refuse(`it must be readable: ${sentenceOf(thrown)}`);
    }
    return read(text, target, chain);
  }
}

/** What `include` names; where it is neither text nor a list of text, the check of the top-level keys says so. */
function includeNames(root: LocatedMapping): (LocatedScalar & { readonly value: string })[] {
  const value = root.entries.get("include")?.value;
  const items = value?.kind === "list" ? value.items : value === undefined ? [] : [value];
  return items.filter(isText);
}

function isText(item: Located): item is LocatedScalar & { readonly value: string } {
  return item.kind === "scalar" && typeof item.value === "string" && item.value !== "" && !item.broken;
}

function merge(into: LocatedMapping, from: LocatedMapping, diagnostics: Diagnostics): void {
  for (const [key, entry] of from.entries) {
    const present = into.entries.get(key);
    if (present === undefined) {
      // `include` of the included file has been followed already.
      if (key !== "include") into.entries.set(key, entry);
    } else if (isSection(key) && isEmpty(present.value)) {
      into.entries.set(key, entry);
    } else if (isSection(key) && present.value.kind === "mapping" && entry.value.kind === "mapping") {
      mergeNodes(present.value, entry.value, diagnostics);
    } else if (key === "plugins" && present.value.kind === "list" && entry.value.kind === "list") {
      present.value.items.push(...entry.value.items);
    }
  }
}

function mergeNodes(into: LocatedMapping, from: LocatedMapping, diagnostics: Diagnostics): void {
  for (const [name, entry] of from.entries) {
    const present = into.entries.get(name);
    if (present === undefined) {
      into.entries.set(name, entry);
      continue;
    }
    const { file, line } = present.keyAt;
    const message = `Cannot use the name ${shown(name)} twice as names are unique in a graph: it stands at ${file}:${line} already`;
    diagnostics.error("SETTING_DUPLICATE", entry.keyAt, message);
  }
}

function isSection(key: string): boolean {
  return sections.some((section) => section === key);
}

/** A section without nodes, as left by whoever commented them out. */
function isEmpty(value: Located): boolean {
  return value.kind === "scalar" && value.value === null && !value.broken;
}
