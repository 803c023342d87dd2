import type { ComponentDefinition } from "../blocks/model/component.ts";
import type { AnyDerivation } from "../blocks/model/derivation.ts";
import type { AnyDerivator } from "../blocks/model/derivator.ts";
import type { PluginOrigin } from "../config/plugin-origin.ts";
import type { TypeDefinition } from "../blocks/model/type-definition.ts";
import { EngineError } from "../runtime/errors.ts";

type PluginComponent = ComponentDefinition | AnyDerivator | AnyDerivation | TypeDefinition;

const derivatorFunctions = ["appliesTo", "resultType", "seed", "add", "merge", "result", "encode", "decode"];

/** What a definition of each kind must have, besides its name: functions, and whether settings are declared. */
const forms: Readonly<Record<string, { readonly functions: readonly string[]; readonly named: "type" | "name" }>> = {
  source: { named: "type", functions: ["open", "finite"] },
  sink: { named: "type", functions: ["open"] },
  store: { named: "type", functions: ["open"] },
  buffer: { named: "type", functions: ["open"] },
  block: { named: "type", functions: ["open"] },
  composite: { named: "type", functions: ["expand"] },
  derivator: { named: "name", functions: derivatorFunctions },
  derivation: { named: "name", functions: ["appliesTo", "derive"] },
  type: { named: "name", functions: [] },
};

/**
 * What an export is, with its origin; undefined where it is nothing that we know.
 *
 * @throws {EngineError} `PLUGIN_INVALID` where it lacks what its kind must have: types are not checked in a plugin in JavaScript.
 */
export function pluginComponent(value: unknown, origin: PluginOrigin): PluginComponent | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  // As it goes on from here: methods of a class stay behind.
  const given = { ...value } as Readonly<Record<string, unknown>>;
  const form = typeof given.kind === "string" && Object.hasOwn(forms, given.kind) ? forms[given.kind] : undefined;
  if (form === undefined) return undefined;
  const lacking = lackingOf(given, form);
  if (lacking === undefined) return { ...given, origin } as unknown as PluginComponent;
  const name = typeof given[form.named] === "string" ? ` "${String(given[form.named])}"` : "";
  const sentence = `its export "${origin.exportName}", the ${String(given.kind)}${name}, must have ${lacking}`;
  throw new EngineError("PLUGIN_INVALID", sentence);
}

function lackingOf(
  given: Readonly<Record<string, unknown>>,
  { functions, named }: (typeof forms)[string],
): string | undefined {
  if (typeof given[named] !== "string" || given[named] === "") return `a ${named}, which is text`;
  const configurable = named === "name" && "settings" in given;
  if ((named === "type" || configurable) && !isSchema(given.settings)) return "settings, made with `record`";
  const expected = configurable ? ["configure"] : functions;
  const absent = expected.find((name) => typeof given[name] !== "function");
  return absent === undefined ? undefined : `the function \`${absent}\``;
}

function isSchema(given: unknown): boolean {
  return typeof given === "object" && given !== null && "safeParse" in given && "shape" in given;
}
