import { existsSync, readFileSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { satisfies, validRange } from "semver";
import type { Plugin } from "../config/graph-file.ts";
import type { Catalogue } from "../graphs/catalogue.ts";
import { EngineError, sentenceOf } from "../runtime/errors.ts";
import { pluginComponent } from "./plugin-component.ts";
import { version } from "./version.ts";

/**
 * Adds what a plugin exports to a catalogue.
 *
 * @throws {EngineError} `PLUGIN_INVALID`, with the place in the file that names it, the plugin, and the export where there is one.
 */
export async function addPlugin({ path, at }: Plugin, catalogue: Catalogue): Promise<void> {
  const where = { file: at.file, line: at.line, column: at.column };
  try {
    const module = await locate(path, at.file);
    refuseOtherVersions(rangeOfPackage(module), "its package.json");
    const exports = (await import(module)) as Record<string, unknown>;
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
  if (path.startsWith(".") || isAbsolute(path)) return pathToFileURL(resolve(dirname(file), path)).href;
  const { resolve: resolveFrom } = await import("import-meta-resolve");
  try {
    return resolveFrom(path, pathToFileURL(resolve(file)).href);
  } catch (fault) {
    try {
      return resolveFrom(path, import.meta.url);
    } catch {
      throw fault;
    }
  }
}

/** What the nearest `package.json` above a module says of us among its peers. */
function rangeOfPackage(module: string): unknown {
  if (!module.startsWith("file:")) return undefined;
  for (let folder = dirname(fileURLToPath(module)); ; folder = dirname(folder)) {
    const file = join(folder, "package.json");
    if (existsSync(file)) {
      const { peerDependencies } = JSON.parse(readFileSync(file, "utf8")) as {
        peerDependencies?: { millrace?: string };
      };
      return peerDependencies?.millrace;
    }
    if (folder === dirname(folder)) return undefined;
  }
}

/** A version before a release counts as that release. */
function refuseOtherVersions(range: unknown, place: string): void {
  if (range === undefined) return;
  if (typeof range !== "string" || validRange(range) === null) {
    throw invalid(`${place} must ask for a range of versions of millrace: it is ${JSON.stringify(range)}`);
  }
  const ours = version();
  if (!satisfies(ours, range, { includePrerelease: true })) {
    throw invalid(`it needs millrace ${range}, says ${place}: this is ${ours}`);
  }
}

const invalid = (sentence: string) => new EngineError("PLUGIN_INVALID", sentence);
