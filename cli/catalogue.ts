import { dirname, isAbsolute, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { blocks } from "../blocks/catalogue.ts";
import { namedDerivators } from "../blocks/derivators/catalogue.ts";
import type { ComponentDefinition } from "../blocks/model/component.ts";
import type { Derivation } from "../blocks/model/derivation.ts";
import type { Derivator } from "../blocks/model/derivator.ts";
import type { TypeDefinition } from "../blocks/model/type-definition.ts";
import { type Plugin, readPluginList } from "../config/graph-file.ts";
import { connectors } from "../connectors/catalogue.ts";
import { Catalogue } from "../graphs/catalogue.ts";
import { EngineError, sentenceOf } from "../runtime/errors.ts";

/** The built-in components. */
export function builtInCatalogue(): Catalogue {
  const catalogue = new Catalogue();
  for (const definition of [...connectors, ...blocks, ...namedDerivators]) catalogue.add(definition);
  return catalogue;
}

/**
 * The built-in components and those of the plugins that a graph file names.
 *
 * @throws {EngineError} `PLUGIN_INVALID`, with the place in the file.
 */
export async function catalogueFor(file: string): Promise<Catalogue> {
  const catalogue = builtInCatalogue();
  for (const plugin of await readPluginList(file, { environment: process.env })) await addPlugin(plugin, catalogue);
  return catalogue;
}

const kinds = new Set(["source", "sink", "store", "buffer", "block", "composite", "derivator", "derivation", "type"]);

/** A path is relative to the file that names it; anything else is a package. */
async function addPlugin({ path, at }: Plugin, catalogue: Catalogue): Promise<void> {
  const isPath = path.startsWith(".") || isAbsolute(path);
  const specifier = isPath ? pathToFileURL(resolve(dirname(at.file), path)).href : path;
  const where = { file: at.file, line: at.line, column: at.column };
  try {
    const exports = Object.values((await import(specifier)) as Record<string, unknown>);
    const components = exports.filter(isComponent);
    if (components.length === 0) {
      throw new EngineError("PLUGIN_INVALID", "it exports nothing made with the functions of millrace/plugin");
    }
    for (const component of components) catalogue.add(component);
  } catch (cause) {
    throw new EngineError("PLUGIN_INVALID", `Cannot load the plugin "${path}": ${sentenceOf(cause)}`, { where, cause });
  }
}

function isComponent(value: unknown): value is ComponentDefinition | Derivator | Derivation | TypeDefinition {
  return typeof value === "object" && value !== null && kinds.has((value as { kind?: string }).kind ?? "");
}
