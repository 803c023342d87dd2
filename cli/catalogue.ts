import { blocks } from "../blocks/catalogue.ts";
import { namedDerivators } from "../blocks/derivators/catalogue.ts";
import { builtInValues } from "../blocks/rollup/chosen.ts";
import { readPluginList } from "../config/graph-file.ts";
import type { Position } from "../config/source-text.ts";
import { connectors } from "../connectors/catalogue.ts";
import { Catalogue } from "../graphs/catalogue.ts";
import { EngineError } from "../runtime/errors.ts";
import { addPlugin } from "./plugin-loader.ts";

/** The built-in components. */
export function builtInCatalogue(): Catalogue {
  const catalogue = new Catalogue(builtInValues);
  for (const definition of [...connectors, ...blocks, ...namedDerivators]) catalogue.add(definition);
  return catalogue;
}

/** A plugin that could not be loaded, and where the graph file names it. */
export interface PluginFault {
  readonly at: Position;
  /** `PLUGIN_INVALID`, with the place. */
  readonly error: EngineError;
}

/** The built-in components and those of the plugins that a graph file names. */
export async function catalogueFor(
  file: string,
): Promise<{ readonly catalogue: Catalogue; readonly faults: readonly PluginFault[] }> {
  const catalogue = builtInCatalogue();
  const faults: PluginFault[] = [];
  for (const plugin of await readPluginList(file, { environment: process.env })) {
    try {
      await addPlugin(plugin, catalogue);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      faults.push({ at: plugin.at, error });
    }
  }
  return { catalogue, faults };
}
