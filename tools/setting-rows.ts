import { parseByteSize } from "../config/byte-size.ts";
import { parseDuration } from "../config/duration.ts";
import type { JsonSchema } from "../config/json-schema.ts";

/** The keys that every node has; the handbook describes them once. */
const nodeKeys: ReadonlySet<string> = new Set(["type", "from"]);

/**
 * The settings of a component as rows of a Markdown table: key, type, default, description. Keys of records inside are written
 * with dots, those of names that the user chooses with `<name>`.
 *
 * @param schema Of the component, as `graphSchema` gives it.
 */
export function settingRows(schema: JsonSchema): string[] {
  return rowsOf(schema, "", nodeKeys);
}

function rowsOf(schema: JsonSchema, prefix: string, hidden: ReadonlySet<string> = new Set()): string[] {
  const properties = (schema.properties ?? {}) as Readonly<Record<string, JsonSchema>>;
  const required = new Set((schema.required ?? []) as readonly string[]);
  return Object.entries(properties).flatMap(([key, given]) => {
    if (hidden.has(key)) return [];
    const name = `${prefix}${key}`;
    const inner = insideOf(given, name);
    // A record whose keys all have a row of their own needs none itself.
    if (given.properties !== undefined) return inner;
    const cells = [`\`${name}\``, typeOf(given), defaultOf(given, required.has(key)), String(given.description ?? "")];
    return [`| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`, ...inner];
  });
}

/** The rows of what a record, or a mapping of records, holds. */
function insideOf(schema: JsonSchema, name: string): string[] {
  const forms = [schema, ...alternatives(schema)];
  return forms.flatMap((form) => {
    if (form.properties !== undefined) return rowsOf(form, `${name}.`);
    const values = form.additionalProperties;
    const isRecords = typeof values === "object" && values !== null && "properties" in values;
    return isRecords ? rowsOf(values, `${name}.<name>.`) : [];
  });
}

/** The forms that a value can have, without the one of a variable. */
function alternatives({ anyOf, oneOf }: JsonSchema): JsonSchema[] {
  const forms = (anyOf ?? oneOf ?? []) as readonly JsonSchema[];
  return forms.filter(({ pattern }) => pattern !== "\\$\\{");
}

function typeOf(schema: JsonSchema): string {
  const forms = alternatives(schema);
  if (forms.length > 0) return forms.map(typeOf).join(" or ");
  if (Array.isArray(schema.enum)) return schema.enum.map((word) => `\`${String(word)}\``).join(", ");
  switch (schema.type) {
    case "string":
      return textType(schema);
    case "integer":
      return `whole number${bounds(schema)}`;
    case "number":
      return `number${bounds(schema)}`;
    case "boolean":
      return "`true`, `false`";
    case "array":
      return `list of ${typeOf((schema.items ?? {}) as JsonSchema)}`;
    case "object":
      return isTextMapping(schema) ? "mapping of text to text" : "mapping";
    default:
      return "any";
  }
}

/** Durations and sizes are text in the schema; their examples tell them apart. */
function textType({ examples }: JsonSchema): string {
  const [example] = Array.isArray(examples) ? (examples as unknown[]) : [];
  if (typeof example !== "string") return "text";
  if (parseDuration(example) !== undefined) return "duration";
  return parseByteSize(example) === undefined ? "text" : "size";
}

/** What no whole number can pass is no bound worth telling. */
function bounds({ minimum, maximum }: JsonSchema): string {
  const low = typeof minimum === "number" && minimum > Number.MIN_SAFE_INTEGER ? minimum : undefined;
  const high = typeof maximum === "number" && maximum < Number.MAX_SAFE_INTEGER ? maximum : undefined;
  if (low !== undefined && high !== undefined) return `, ${low} to ${high}`;
  if (low !== undefined) return `, at least ${low}`;
  return high === undefined ? "" : `, at most ${high}`;
}

function isTextMapping({ additionalProperties }: JsonSchema): boolean {
  const values = additionalProperties as JsonSchema | boolean | undefined;
  return typeof values === "object" && values.type === "string";
}

function defaultOf({ default: value }: JsonSchema, isRequired: boolean): string {
  if (value !== undefined) return typeof value === "string" ? `\`${value}\`` : `\`${yamlOf(value)}\``;
  return isRequired ? "mandatory" : "none";
}

function yamlOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(String).join(", ")}]`;
  return JSON.stringify(value);
}
