import type { z } from "zod";
import type { Diagnostics } from "./diagnostic.ts";
import { keyPlace, type Located, type LocatedMapping, type Path, plain, valueAt } from "./located.ts";
import { hideSecrets, isSecretSchema, knownKeys, schemaAt } from "./schema-walk.ts";
import { isSecretKey, type Position, shown } from "./source-text.ts";
import { didYouMean, suggestion } from "./suggestion.ts";

export interface SettingsPlace {
  readonly settings: LocatedMapping;
  /** How the holder of the settings is called in a sentence: "a source of type random". */
  readonly holder: string;
  /** Where a mandatory key of the outermost mapping is reported missing. */
  readonly keyAt: Position;
}

/**
 * Applies a schema and reports each issue as a sentence at its key or value. A key that is missing because it is mistyped is one
 * fault, and so is a value that could not be read in the first place.
 *
 * @returns What the schema gives; undefined where there were faults.
 */
export function checkSettings<S extends z.ZodType>(
  schema: S,
  place: SettingsPlace,
  diagnostics: Diagnostics,
): z.output<S> | undefined {
  hideSecrets(schema, place.settings, diagnostics);
  const result = schema.safeParse(plain(place.settings), { error: ruleOf });
  if (result.success) return result.data;
  const reporter = new IssueReporter(schema, place, diagnostics);
  const unknownFirst = [...result.error.issues].sort((a, b) => unknown(b) - unknown(a));
  for (const issue of unknownFirst) reporter.report(issue);
  return undefined;
}

function unknown(issue: z.core.$ZodIssue): number {
  return issue.code === "unrecognized_keys" ? 1 : 0;
}

class IssueReporter {
  readonly #schema: z.ZodType;
  readonly #place: SettingsPlace;
  readonly #diagnostics: Diagnostics;
  /** Keys that something unknown was probably meant for. */
  readonly #meant = new Set<string>();

  constructor(schema: z.ZodType, place: SettingsPlace, diagnostics: Diagnostics) {
    this.#schema = schema;
    this.#place = place;
    this.#diagnostics = diagnostics;
  }

  report(issue: z.core.$ZodIssue): void {
    if (issue.code === "unrecognized_keys") {
      for (const key of issue.keys) this.#unknownKey(issue.path, key);
      return;
    }
    const value = valueAt(this.#place.settings, issue.path);
    if (value === undefined) this.#missing(issue);
    else if (value.kind !== "scalar" || !value.broken) this.#invalid(issue, value);
  }

  #unknownKey(path: Path, key: string): void {
    const { settings } = this.#place;
    const at = keyPlace(settings, [...path, key]) ?? this.#place.keyAt;
    const holder = valueAt(settings, path);
    const present = holder?.kind === "mapping" ? holder.entries : new Map<string, unknown>();
    const known = knownKeys(schemaAt(this.#schema, settings, path), holder).filter((name) => !present.has(name));
    const meant = suggestion(key, known);
    if (meant !== undefined) this.#meant.add(written([...path, meant]));
    const message = `Cannot use the key ${shown(key)} in ${this.#holder(path)} as it is not known${didYouMean(key, known)}`;
    this.#diagnostics.error("SETTING_UNKNOWN", at, message);
  }

  #missing(issue: z.core.$ZodIssue): void {
    const { path } = issue;
    if (this.#meant.has(written(path))) return;
    const rule = issue.code === "custom" ? `${issue.message}: it is missing` : "it is mandatory: it is missing";
    const message = `Cannot do without the key "${String(path.at(-1))}" in ${this.#holder(path.slice(0, -1))} as ${rule}`;
    this.#diagnostics.error("SETTING_MISSING", this.#nearest(path.slice(0, -1)), message);
  }

  #invalid(issue: z.core.$ZodIssue, value: Located): void {
    const { path } = issue;
    const schema = schemaAt(this.#schema, this.#place.settings, path);
    const secret =
      path.some((step) => isSecretKey(String(step))) ||
      (value.kind === "scalar" && value.secret) ||
      path.some((_, index) => isSecretSchema(schemaAt(this.#schema, this.#place.settings, path.slice(0, index + 1)))) ||
      isSecretSchema(schema);
    const words = issue.code === "invalid_value" ? issue.values.map(String) : discriminators(issue);
    const hint = secret || value.kind !== "scalar" ? "" : hintFor(issue, value.value, words);
    const seen = secret ? "not shown, being a secret" : describe(value);
    const name = path.length === 0 ? "the settings" : `"${written(path)}"`;
    const message = `Cannot use ${name} in ${this.#place.holder} as ${issue.message}: it is ${seen}${hint}`;
    this.#diagnostics.error("SETTING_INVALID", value.at, message);
  }

  #holder(path: Path): string {
    return path.length === 0 ? this.#place.holder : `"${written(path)}" of ${this.#place.holder}`;
  }

  /** The key of the mapping at a path, or the mapping itself where it is an item of a list. */
  #nearest(path: Path): Position {
    if (path.length === 0) return this.#place.keyAt;
    const { settings } = this.#place;
    return keyPlace(settings, path) ?? valueAt(settings, path)?.at ?? this.#nearest(path.slice(0, -1));
  }
}

/** `registers[0].address` */
function written(path: Path): string {
  return path.reduce<string>(
    (text, step) => (typeof step === "number" ? `${text}[${step}]` : `${text}${text === "" ? "" : "."}${String(step)}`),
    "",
  );
}

function discriminators(issue: z.core.$ZodIssue): string[] {
  return issue.code === "invalid_union" && "options" in issue ? (issue.options ?? []).map(String) : [];
}

function hintFor(issue: z.core.$ZodIssue, value: unknown, words: readonly string[]): string {
  if (issue.message === "it must be text" && value !== null) return ", so write it in quotes";
  return typeof value === "string" ? didYouMean(value, words) : "";
}

function describe(value: Located): string {
  if (value.kind === "mapping") return "a mapping";
  if (value.kind === "list") return `a list of ${value.items.length}`;
  if (value.value === null) return "empty";
  if (typeof value.value !== "string") return String(value.value);
  return shown(value.value);
}

const nouns: Readonly<Record<string, string>> = {
  string: "text",
  int: "a whole number",
  number: "a number",
  boolean: "true or false",
  array: "a list",
  object: "a mapping",
  record: "a mapping",
};

/** What the value must be, as in "… as it must be <= 65535". */
export function ruleOf(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return `it must be ${nouns[issue.expected] ?? issue.expected}`;
    case "too_small":
      if (issue.origin === "string")
        return issue.minimum === 1 ? "it must not be empty" : `it must have at least ${issue.minimum} characters`;
      if (issue.origin === "array")
        return `it must have at least ${issue.minimum} ${issue.minimum === 1 ? "item" : "items"}`;
      return `it must be ${issue.inclusive === false ? ">" : ">="} ${issue.minimum}`;
    case "too_big":
      if (issue.origin === "string") return `it must have at most ${issue.maximum} characters`;
      if (issue.origin === "array") return `it must have at most ${issue.maximum} items`;
      return `it must be ${issue.inclusive === false ? "<" : "<="} ${issue.maximum}`;
    case "invalid_value":
      return `it must be ${issue.values.length === 1 ? "" : "one of "}${issue.values.map(String).join(", ")}`;
    case "invalid_format":
      return `it must match ${issue.pattern ?? issue.format}`;
    case "invalid_union":
      return "options" in issue
        ? `it must be one of ${(issue.options as unknown[]).map(String).join(", ")}`
        : "it must have another form";
    case "not_multiple_of":
      return `it must be a multiple of ${issue.divisor}`;
    case "invalid_key":
      return "its keys must be text of at least one character";
    case "invalid_element":
    case "unrecognized_keys":
    case "custom":
      return "it must be valid";
  }
}
