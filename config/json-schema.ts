import { z } from "zod";
import { type Catalogue, type CatalogueEntry, hasInlet, type Section, sections } from "./catalogue.ts";
import { annotation } from "./schema-walk.ts";
import { topLevel } from "./top-level.ts";

/** A schema of the dialect 2020-12, as JSON. */
export type JsonSchema = { readonly [keyword: string]: unknown };

/**
 * The JSON Schema of whole graph files, for editors: what the checker knows of keys, types, bounds, defaults and examples. It is
 * a little kinder than the checker: durations and sizes are any text, and a number or flag may also be a `${VARIABLE}`.
 */
export function graphSchema(catalogue: Catalogue): JsonSchema {
  const { properties, ...rest } = schemaOf(topLevel) as { properties: Record<string, JsonSchema> };
  const definitions: Record<string, JsonSchema> = {};
  for (const section of sections) {
    definitions[section] = nodeSchema(section, catalogue);
    for (const entry of catalogue[section].values()) definitions[nameOf(section, entry)] = entrySchema(section, entry);
  }
  const nodes = sections.map((section) => {
    const description = properties[section]?.description;
    const additionalProperties = { $ref: `#/$defs/${section}` };
    return [
      section,
      { type: ["object", "null"], description, propertyNames: { pattern: namePattern }, additionalProperties },
    ];
  });
  return {
    ...rest,
    title: "Graph of Millrace",
    properties: { ...properties, ...Object.fromEntries(nodes) },
    $defs: definitions,
  };
}

const namePattern = "^[a-zA-Z][a-zA-Z0-9_-]*$";

/** Tells the editor the types first, then what the chosen one takes. */
function nodeSchema(section: Section, catalogue: Catalogue): JsonSchema {
  const entries = [...catalogue[section].values()];
  const type = { enum: entries.map((entry) => entry.type), description: "Which component the node is." };
  const required = hasInlet(section) ? ["type", "from"] : ["type"];
  const allOf = entries.map((entry) => ({
    if: { properties: { type: { const: entry.type } }, required: ["type"] },
    // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema; nothing awaits it.
    then: { $ref: `#/$defs/${nameOf(section, entry)}` },
  }));
  return { type: "object", properties: { type }, required, ...(allOf.length === 0 ? {} : { allOf }) };
}

function entrySchema(section: Section, entry: CatalogueEntry): JsonSchema {
  const { $schema: _, ...schema } = schemaOf(entry.settings);
  const type = { const: entry.type, description: entry.summary };
  const wires = hasInlet(section) ? { from: wireSchema } : {};
  const properties = schema.properties as Record<string, JsonSchema>;
  return { ...schema, description: entry.summary, properties: { type, ...wires, ...properties } };
}

const wire = { type: "string", pattern: "^[a-zA-Z][a-zA-Z0-9_-]*(\\.[a-zA-Z][a-zA-Z0-9_-]*)?$|\\$\\{" };
const wireSchema: JsonSchema = {
  description: "What the node takes: a name, a name and an outlet with a dot between, or a list of those.",
  anyOf: [wire, { type: "array", items: wire, minItems: 1, uniqueItems: true }],
};

function schemaOf(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, {
    io: "input",
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema }) => {
      // Examples of what is transformed are left out by default, since they might be of the result; ours are as written.
      const examples = annotation(zodSchema, "examples");
      if (Array.isArray(examples)) jsonSchema.examples = examples;
      const { type, enum: words, pattern } = jsonSchema;
      if (type === "integer" || type === "number" || type === "boolean") allowVariable(jsonSchema);
      else if (type === "string" && (words !== undefined || pattern !== undefined)) allowVariable(jsonSchema);
    },
  });
}

/** Moves the rules of a schema into one of two choices, and leaves its annotations outside. */
function allowVariable(schema: z.core.JSONSchema.BaseSchema): void {
  const rules: Record<string, unknown> = {};
  for (const keyword of ["type", "enum", "pattern", "minimum", "maximum", "minLength", "maxLength"] as const) {
    if (schema[keyword] !== undefined) rules[keyword] = schema[keyword];
    delete schema[keyword];
  }
  schema.anyOf = [rules, { type: "string", pattern: "\\$\\{" }];
}

/** `/` would have to be escaped in a reference. */
function nameOf(section: Section, { type }: CatalogueEntry): string {
  return `${section}.${type.replaceAll("/", ".")}`;
}
