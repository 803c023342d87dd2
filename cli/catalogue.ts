import { blocks } from "../blocks/catalogue.ts";
import { namedDerivators } from "../blocks/derivators/catalogue.ts";
import { readPluginList } from "../config/graph-file.ts";
import { connectors } from "../connectors/catalogue.ts";
import { Catalogue } from "../graphs/catalogue.ts";
import { addPlugin } from "./plugin-loader.ts";

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
