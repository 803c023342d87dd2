import type { z } from "zod";
import type { PluginOrigin } from "./plugin-origin.ts";

/** The sections of a graph file that declare nodes. */
export const sections = ["stores", "sources", "buffers", "blocks", "sinks"] as const;
export type Section = (typeof sections)[number];

/** What the checker and the JSON Schema need to know of a component. */
export interface CatalogueEntry {
  readonly type: string;
  /** One sentence. */
  readonly summary: string;
  readonly settings: z.ZodObject;
  readonly origin?: PluginOrigin;
}

/** The components of each section, by type. */
export type Catalogue = Readonly<Record<Section, ReadonlyMap<string, CatalogueEntry>>>;

/** How one node of each section is called in a sentence. */
export const nodeNoun: Readonly<Record<Section, string>> = {
  stores: "a store",
  sources: "a source",
  buffers: "a buffer",
  blocks: "a block",
  sinks: "a sink",
};

/** Whether nodes of the section take their input from others. */
export function hasInlet(section: Section): boolean {
  return section === "buffers" || section === "blocks" || section === "sinks";
}
