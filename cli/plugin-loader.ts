import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, extname, isAbsolute, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { satisfies, validRange } from "semver";
import type { Plugin } from "../config/graph-file.ts";
import type { Catalogue } from "../graphs/catalogue.ts";
import type { Clock } from "../runtime/clock/clock.ts";
import { systemClock } from "../runtime/clock/system-clock.ts";
import { EngineError, sentenceOf } from "../runtime/errors.ts";
import { pluginComponent } from "./plugin-component.ts";
import { version } from "./version.ts";

/** Longest that a module may take to load, `await` at its top level and all, ms. Libraries of a plugin load in 2 s at most. */
export const loadMs = 20_000;

/**
 * Adds what a plugin exports to a catalogue.
 *
 * @throws {EngineError} `PLUGIN_INVALID`, with the place in the file that names it, the plugin, and the export where there is one.
 */
export async function addPlugin({ path, at }: Plugin, catalogue: Catalogue, clock: Clock = systemClock): Promise<void> {
  const where = { file: at.file, line: at.line, column: at.column };
  try {
    const module = await locate(path, at.file);
    refuseOtherVersions(rangeOfPackage(module), "its package.json");
    const exports = await load(module, clock);
    refuseOtherVersions(exports.millrace, 'its export "millrace"');
    let added = 0;
    for (const [exportName, value] of Object.entries(exports)) {
      const component = pluginComponent(value, { plugin: path, module, exportName });
      // Under a second name, as with a default export, it is the same.
      if (component === undefined || Object.entries(exports).find(([, other]) => other === value)?.[0] !== exportName)
        continue;
      catalogue.add(component);
      added += 1;
    }
    if (added === 0) throw invalid("it exports nothing made with the functions of millrace/plugin");
  } catch (cause) {
    throw new EngineError("PLUGIN_INVALID", `Cannot load the plugin "${path}": ${sentenceOf(cause)}`, { where, cause });
  }
}

/** A path is relative to the file that names it; anything else is a package, looked for from there as Node does, then beside us. */
async function locate(path: string, file: string): Promise<string> {
  const target = resolve(dirname(file), path);
  if (path.startsWith(".") || isAbsolute(path)) {
    const found = statSync(target, { throwIfNoEntry: false });
    if (found === undefined) throw invalid(`there is no file "${target}"`);
    if (!found.isFile()) throw invalid(`it must be a file: "${target}" is a folder`);
    return pathToFileURL(target).href;
  }
  const { resolve: resolveFrom } = await import("import-meta-resolve");
  try {
    return resolveFrom(path, pathToFileURL(resolve(file)).href);
  } catch (fault) {
    try {
      return resolveFrom(path, import.meta.url);
    } catch {
      const hint = existsSync(target) ? `: did you mean "./${path}"?` : "";
      throw invalid(`${sentenceOf(fault)}${hint}`, fault);
    }
  }
}

async function load(module: string, clock: Clock): Promise<Record<string, unknown>> {
  const late = `it must load within ${loadMs / 1_000} seconds: something at the top of it does not end`;
  try {
    return await new Promise((done, failed) => {
      const timer = clock.after(loadMs, () => failed(invalid(late)));
      import(module).then(done, failed).finally(() => timer.cancel());
    });
  } catch (cause) {
    const { code } = Object(cause) as { code?: string };
    if (code === "ERR_UNKNOWN_FILE_EXTENSION" && /^\.[cm]?ts$/.test(extname(new URL(module).pathname))) {
      const rule = "it must be JavaScript, which TypeScript is built to; from 22.18 on Node runs both";
      throw invalid(`${rule}: this is Node ${process.versions.node}`, cause);
    }
    const place = cause instanceof EngineError ? undefined : placeIn(module, cause);
    throw place === undefined ? cause : invalid(`${sentenceOf(cause)} (${place})`, cause);
  }
}

/** Where in the folder of a module an error came up, as a path with its line; for whoever writes the plugin. */
function placeIn(module: string, thrown: unknown): string | undefined {
  const { stack } = Object(thrown) as { stack?: string };
  const folder = new URL(".", module).href;
  const start = stack?.indexOf(folder) ?? -1;
  const [, url, line] = (start === -1 ? null : /^([^\s?]+?)(?:\?\S*?)?:(\d+)/.exec(stack?.slice(start) ?? "")) ?? [];
  return url === undefined ? undefined : `${fileURLToPath(url)}:${line}`;
}

/** What the `package.json` of a module says of us among its peers. One without a name, as in `dist/esm`, is of no package. */
function rangeOfPackage(module: string): unknown {
  if (!module.startsWith("file:")) return undefined;
  for (let folder = dirname(fileURLToPath(module)); ; folder = dirname(folder)) {
    const description = descriptionIn(folder);
    if (description?.name !== undefined) return description.peerDependencies?.millrace;
    if (folder === dirname(folder)) return undefined;
  }
}

interface PackageDescription {
  readonly name?: unknown;
  readonly peerDependencies?: Readonly<Record<string, unknown>> | null;
}

function descriptionIn(folder: string): PackageDescription | undefined {
  const file = join(folder, "package.json");
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, "utf8")) ?? undefined;
  } catch (cause) {
    throw invalid(`"${file}" must be JSON: ${sentenceOf(cause)}`, cause);
  }
}

/** A version before a release counts as that release. What names a file or a repository (`file:…`) says nothing of versions. */
function refuseOtherVersions(range: unknown, place: string): void {
  if (range === undefined || (typeof range === "string" && range.includes(":"))) return;
  if (typeof range !== "string" || validRange(range) === null) {
    throw invalid(`${place} must ask for a range of versions of millrace: it is ${JSON.stringify(range)}`);
  }
  const ours = version();
  if (!satisfies(ours, range, { includePrerelease: true })) {
    throw invalid(`it needs millrace ${range}, says ${place}: this is ${ours}`);
  }
}

const invalid = (sentence: string, cause?: unknown) => new EngineError("PLUGIN_INVALID", sentence, { cause });
