import { readFile, stat } from "node:fs/promises";
import { basename, extname, normalize } from "node:path";
import { EngineError, sentenceOf } from "../runtime/errors.ts";
import { type Catalogue, sections } from "./catalogue.ts";
import { type Diagnostic, Diagnostics } from "./diagnostic.ts";
import { type GraphNode, readNodes } from "./graph-node.ts";
import { type ReadText, readTree } from "./include.ts";
import { type Located, type LocatedMapping, valueAt } from "./located.ts";
import { applyOverrides, type Override } from "./override.ts";
import { checkSettings } from "./settings-check.ts";
import { type Position, SourceText } from "./source-text.ts";
import { topLevel } from "./top-level.ts";
import type { Environment } from "./variables.ts";
import { fileBytesMax } from "./yaml-tree.ts";

/** A graph file whose every setting is checked; how its nodes are wired is checked by whoever plans the graph. */
export interface GraphFile {
  readonly name: string;
  /** The file at the root. */
  readonly file: string;
  /** In the order of the file. */
  readonly nodes: readonly GraphNode[];
  readonly plugins: readonly Plugin[];
  readonly hub?: { readonly host: string; readonly port: number };
  readonly deadLetters: { readonly path: string; readonly bytesMax: number };
  readonly limits: { readonly series_max: number };
  readonly workers: {
    readonly threads?: number | undefined;
    /** Milliseconds. */
    readonly deadline: number;
  };
  /** An IANA name. */
  readonly timezone: string;
  readonly bucket_label: "start" | "end";
  /** Milliseconds. */
  readonly stop_timeout: number;
}

/** A module to load, as the file names it. */
export interface Plugin {
  readonly path: string;
  /** `at.file` is the file that names it. */
  readonly at: Position;
}

export interface GraphTextOptions {
  readonly catalogue: Catalogue;
  readonly environment: Environment;
  readonly overrides?: readonly Override[];
  /** Reads the files that are included. */
  readonly readText: ReadText;
  /** Checks what concerns several nodes; the graph may hold nodes without settings, whose faults are reported already. */
  readonly check?: (graph: GraphFile, faults: Diagnostics) => void;
}

/** A graph, where there is no error; and all faults of all its files, in order of their places. */
export interface GraphReading {
  readonly graph: GraphFile | undefined;
  readonly diagnostics: Diagnostic[];
}

/** Reads and checks a graph file and all it includes. Faults are diagnostics, a missing file among them; it does not throw. */
export async function readGraphFile(file: string, options: Omit<GraphTextOptions, "readText">): Promise<GraphReading> {
  const text = await rootText(file);
  if (typeof text !== "string") return { graph: undefined, diagnostics: [text] };
  return readGraphText(text, file, { ...options, readText: readTextFile });
}

/** As `readGraphFile`, with the text of the root at hand and a reader for the rest. */
export async function readGraphText(text: string, file: string, options: GraphTextOptions): Promise<GraphReading> {
  const diagnostics = new Diagnostics();
  const root = await readTree(text, file, options, diagnostics);
  if (root === undefined) return { graph: undefined, diagnostics: diagnostics.sorted() };
  applyOverrides(root, options.overrides ?? [], diagnostics);
  const graph = checkTree(root, normalize(file), options.catalogue, diagnostics);
  options.check?.(graph, diagnostics);
  return { graph: diagnostics.hasErrors ? undefined : graph, diagnostics: diagnostics.sorted() };
}

/**
 * The plugins of a graph file and of all it includes, without checking anything else: they bring components, so they are loaded
 * before the file is checked. Whatever cannot be read is passed over; the check reports it.
 */
export async function readPluginList(
  file: string,
  { environment, readText = readTextFile }: { readonly environment: Environment; readonly readText?: ReadText },
): Promise<Plugin[]> {
  let text: string;
  try {
    text = await readText(file);
  } catch {
    return [];
  }
  const root = await readTree(text, file, { environment, readText }, new Diagnostics());
  return root === undefined ? [] : pluginsOf(root);
}

/**
 * Reads a text file of at most 1 MiB.
 *
 * @throws {EngineError} `PATH_UNREADABLE`, or `SIZE_LIMIT` before anything of it is read.
 */
export async function readTextFile(file: string): Promise<string> {
  try {
    const { size } = await stat(file);
    if (size <= fileBytesMax) return await readFile(file, "utf8");
    throw new EngineError(
      "SIZE_LIMIT",
      `Cannot read "${file}" as it must be at most ${fileBytesMax} bytes: it is ${size}`,
    );
  } catch (cause) {
    if (cause instanceof EngineError) throw cause;
    const rule = (cause as NodeJS.ErrnoException).code === "ENOENT" ? "there is no such file" : sentenceOf(cause);
    throw new EngineError("PATH_UNREADABLE", `Cannot read "${file}" as ${rule}`, { cause });
  }
}

async function rootText(file: string): Promise<string | Diagnostic> {
  try {
    return await readTextFile(file);
  } catch (thrown) {
    const code = thrown instanceof EngineError ? thrown.code : "PATH_UNREADABLE";
    const diagnostics = new Diagnostics();
    diagnostics.addSource(new SourceText(file, ""));
    return diagnostics.diagnose({
      severity: "error",
      code,
      at: { file, line: 1, column: 1 },
      message: sentenceOf(thrown),
    });
  }
}

function checkTree(root: LocatedMapping, file: string, catalogue: Catalogue, diagnostics: Diagnostics): GraphFile {
  const settings: LocatedMapping = { ...root, entries: new Map([...root.entries].filter(isGiven)) };
  const checked = checkSettings(topLevel, { settings, holder: "a graph file", keyAt: root.at }, diagnostics);
  // Faults at the top are no reason to hide those of the wiring.
  const top = checked ?? topLevel.parse({});
  const nodes = readNodes(root, catalogue, diagnostics);
  const name = top.name ?? defaultName(file);
  return {
    name,
    file,
    nodes,
    plugins: pluginsOf(root),
    ...(top.hub === undefined ? {} : { hub: top.hub }),
    deadLetters: { path: top.dead_letters.path ?? `./data/${name}/dead-letters`, bytesMax: top.dead_letters.max_bytes },
    limits: top.limits,
    workers: top.workers,
    timezone: top.timezone,
    bucket_label: top.bucket_label,
    stop_timeout: top.stop_timeout,
  };
}

/** A section whose nodes are all commented out is as good as absent. */
function isGiven([key, { value }]: [string, { readonly value: Located }]): boolean {
  const empty = value.kind === "scalar" && value.value === null && !value.broken;
  return !empty || !sections.some((section) => section === key);
}

function pluginsOf(root: LocatedMapping): Plugin[] {
  const plugins = valueAt(root, ["plugins"]);
  if (plugins?.kind !== "list") return [];
  return plugins.items.flatMap((item) =>
    item.kind === "scalar" && typeof item.value === "string" && !item.broken ? [{ path: item.value, at: item.at }] : [],
  );
}

function defaultName(file: string): string {
  const bare = basename(file, extname(file)).toLowerCase();
  return bare.replaceAll(/[^a-z0-9-]+/g, "-").slice(0, 63) || "graph";
}
