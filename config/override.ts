import { parseDocument } from "yaml";
import { sections } from "./catalogue.ts";
import { coreScalar } from "./core-scalar.ts";
import type { Diagnostics } from "./diagnostic.ts";
import { type Located, type LocatedMapping, located } from "./located.ts";
import { tooDeepAt } from "./nesting.ts";
import { isSecretKey, type Position, SourceText } from "./source-text.ts";
import { didYouMean } from "./suggestion.ts";
import { topLevel } from "./top-level.ts";

/** One `--set path=value` of the command line. */
export interface Override {
  /** Keys and indices with dots between: `sources.meters.port`. */
  readonly path: string;
  /** Read as YAML: `9000` is a number, `[a, b]` a list. */
  readonly value: string;
}

/** The file that overrides are reported in; line `n` is the `n`th of them. */
const file = "--set";
const overridesMax = 1_000;
const pathStepsMax = 32;
const depthMax = 16;

/** Puts values of the command line into a tree. A node has to be there already; mappings below it are made as needed. */
export function applyOverrides(root: LocatedMapping, overrides: readonly Override[], diagnostics: Diagnostics): void {
  const lines = overrides.map(({ path, value }) => `${path}=${value}`.replaceAll(/[\r\n]+/g, " "));
  const source = new SourceText(file, lines.join("\n"));
  diagnostics.addSource(source);
  for (const [index, { path, value }] of overrides.entries()) {
    const text = lines[index] ?? "";
    const pathAt: Position = { file, line: index + 1, column: 1, endColumn: path.length + 1 };
    const at: Position = { file, line: index + 1, column: path.length + 2, endColumn: text.length + 1 };
    if (path.split(".").some(isSecretKey)) source.hide(at);
    if (index >= overridesMax) {
      diagnostics.error("SIZE_LIMIT", pathAt, `Cannot override more as there may be ${overridesMax} overrides at most`);
      return;
    }
    const given = readValue(value, at, diagnostics);
    if (given !== undefined) put(root, path, { keyAt: pathAt, value: given }, diagnostics);
  }
}

function readValue(text: string, at: Position, diagnostics: Diagnostics): Located | undefined {
  if (!/^\s*["'[{]/.test(text)) return located(coreScalar(text.trim()), at);
  const refuse = (rule: string): undefined => {
    diagnostics.error("YAML_INVALID", at, `Cannot read the value of an override as ${rule}`);
  };
  if (tooDeepAt(text, depthMax) !== undefined) return refuse(`it must not nest deeper than ${depthMax} levels`);
  const document = parseDocument(text, { prettyErrors: false, logLevel: "silent" });
  if (document.errors.length > 0) return refuse("it must be YAML, in quotes where it begins with a quote or a bracket");
  return located(document.toJS({ maxAliasCount: 0 }), at);
}

function put(
  root: LocatedMapping,
  path: string,
  entry: { readonly keyAt: Position; readonly value: Located },
  diagnostics: Diagnostics,
): undefined {
  const steps = path.split(".");
  const refuse = (rule: string): undefined => {
    diagnostics.error("SETTING_UNKNOWN", entry.keyAt, `Cannot override "${path}" as ${rule}`);
  };
  if (steps.includes("") || steps.length > pathStepsMax) return refuse("it must be keys with dots between");
  let holder: Located = root;
  for (const [depth, step] of steps.entries()) {
    const known = knownAt(steps, depth, holder);
    if (known !== undefined && !known.includes(step)) {
      return refuse(`${depth === 0 ? "no key" : "no node"} is called "${step}"${didYouMean(step, known)}`);
    }
    const last = depth === steps.length - 1;
    const next: Located = last
      ? entry.value
      : (inside(holder, step) ?? { kind: "mapping", entries: new Map(), at: entry.keyAt });
    if (holder.kind === "mapping")
      holder.entries.set(step, { keyAt: entry.keyAt, value: next, ...keptKey(holder, step, last) });
    else if (holder.kind === "list" && isIndex(step, holder.items.length)) holder.items[Number(step)] = next;
    else return refuse(`there is nothing called "${step}" in it`);
    holder = next;
  }
}

/** The names allowed at a depth, where they are limited: the top-level keys, and the nodes of a section. */
function knownAt(steps: readonly string[], depth: number, holder: Located): readonly string[] | undefined {
  if (depth === 0) return Object.keys(topLevel.shape);
  if (depth !== 1 || !sections.some((section) => section === steps[0])) return undefined;
  return holder.kind === "mapping" ? [...holder.entries.keys()] : [];
}

function inside(holder: Located, step: string): Located | undefined {
  if (holder.kind === "mapping") {
    const value = holder.entries.get(step)?.value;
    return value?.kind === "scalar" ? undefined : value;
  }
  return holder.kind === "list" ? holder.items[Number(step)] : undefined;
}

/** A key on the way keeps its place in the file; the one that is set gets that of the override. */
function keptKey(holder: LocatedMapping, step: string, last: boolean): { readonly keyAt?: Position } {
  const present = holder.entries.get(step);
  return last || present === undefined ? {} : { keyAt: present.keyAt };
}

function isIndex(step: string, length: number): boolean {
  return /^\d{1,9}$/.test(step) && Number(step) < length;
}
