import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { builtInCatalogue } from "../cli/catalogue.ts";
import { type Section, sections } from "../config/catalogue.ts";
import { graphSchema, type JsonSchema } from "../config/json-schema.ts";
import type { Catalogue } from "../graphs/catalogue.ts";
import { exampleOf } from "./reference-examples.ts";
import { settingRows } from "./setting-rows.ts";

type Definition = ReturnType<Catalogue[Section]["get"]> & {};

const root = fileURLToPath(new URL("..", import.meta.url));

/**
 * The reference pages of the built-in components: path from the root of the project → text. They follow from the declarations,
 * so the same code gives the same bytes.
 *
 * @throws {Error} where a component has no example.
 */
export function referencePages(catalogue: Catalogue = builtInCatalogue()): Map<string, string> {
  const definitions = graphSchema(catalogue).$defs as Record<string, JsonSchema>;
  const pages = new Map<string, string>();
  for (const section of sections) {
    const components = [...(catalogue[section] as ReadonlyMap<string, Definition>).values()];
    components.sort((a, b) => (a.type < b.type ? -1 : 1));
    const parts = components.map((component) => {
      const schema = definitions[`${section}.${component.type.replaceAll("/", ".")}`] ?? {};
      return componentPart(section, component, schema);
    });
    pages.set(`docs/reference/${section}.md`, `${[headOf(section), ...parts].join("\n\n")}\n`);
  }
  return pages;
}

const intros: Readonly<Record<Section, string>> = {
  stores: "Where observations, rollups and tags come to rest. A store takes no `from`: blocks name it at `store`.",
  sources:
    "Where data comes from. Every source has the outlets `observations` (the first, so the bare name means it) and `rejected`, which" +
    " emits dead letters.",
  buffers: "Where data rests between nodes. A buffer takes observations at `from` and emits observations.",
  blocks: "What is done with the data. The first outlet is the one that the bare name means.",
  sinks: "Where data goes. What is printed or written has the form that [messages](../messages.md#output) describes.",
};

function headOf(section: Section): string {
  const title = section.charAt(0).toUpperCase() + section.slice(1);
  const note = "This page is written from the declarations of the components by `npm run docs`.";
  return [`# ${title}`, intros[section], note].join("\n\n");
}

function componentPart(section: Section, component: Definition, schema: JsonSchema): string {
  const facts = factsOf(component).map((fact) => `- ${fact}`);
  const rows = settingRows(schema);
  const table = ["| key | type | default | description |", "| --- | --- | --- | --- |", ...rows].join("\n");
  return [
    `## \`${component.type}\``,
    component.summary,
    ...(facts.length === 0 ? [] : [facts.join("\n")]),
    rows.length === 0 ? "It has no settings of its own." : table,
    `\`\`\`yaml\n${exampleOf(section, component.type)}\`\`\``,
  ].join("\n\n");
}

/** What is known of a component besides its settings. */
function factsOf(component: Definition): string[] {
  switch (component.kind) {
    case "source":
      return [`Delivery: ${component.delivery}.`];
    case "sink":
      return [`Takes ${words(component.accepts)}.`];
    case "store":
      return [
        component.openReadOnly === undefined
          ? "Only the engine that runs it can read it."
          : "Queries can read it beside its engine, and without one.",
      ];
    case "buffer":
      return [
        component.durable ? "Durable: it survives the end of the process." : "Not durable: it ends with the process.",
      ];
    case "block":
    case "composite": {
      const outlets = Object.entries(component.outlets).map(([name, kind]) =>
        name === kind ? `\`${name}\`` : `\`${name}\` (${kind})`,
      );
      return [
        `Takes ${words(component.accepts)}.`,
        outlets.length === 0 ? "Has no outlets." : `Outlets: ${outlets.join(", ")}.`,
      ];
    }
  }
}

function words(kinds: readonly string[]): string {
  const last = kinds.at(-1) ?? "nothing";
  return kinds.length < 2 ? last : `${kinds.slice(0, -1).join(", ")} and ${last}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(join(root, "docs/reference"), { recursive: true });
  for (const [path, text] of referencePages()) writeFileSync(join(root, path), text);
}
