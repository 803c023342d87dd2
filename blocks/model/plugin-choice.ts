import { createHash } from "node:crypto";
import { z } from "zod";
import { record } from "../../config/declare.ts";
import { withOrigin } from "../../config/plugin-origin.ts";
import { ruleOf } from "../../config/settings-check.ts";
import { EngineError } from "../../runtime/errors.ts";
import type { SettingsSchema } from "./component.ts";
import type { AnyDerivation, Derivation } from "./derivation.ts";
import type { AnyDerivator, Derivator } from "./derivator.ts";

/** How a graph file chooses a derivator or a derivation: by its name, or with its settings beside its name at `type`. */
export type PluginChoice =
  | string
  | { readonly type: string; readonly as?: string; readonly [setting: string]: unknown };

/** The declaration of a choice. */
export function pluginChoice(doc: string): z.ZodType<PluginChoice, PluginChoice> {
  const name = z.string().min(1);
  const as = z
    .string()
    .regex(/^[A-Za-z][\w-]*$/)
    .max(100)
    .optional();
  return z
    .union([name, z.looseObject({ type: name, as })], {
      error: "it must be a name, or a mapping with a type and settings",
    })
    .meta({ description: doc }) as z.ZodType<PluginChoice, PluginChoice>;
}

/** The name that a choice means. */
export const typeOfChoice = (choice: PluginChoice) => (typeof choice === "string" ? choice : choice.type);

/** A fault of the settings of a choice: where in it, and a sentence. */
export interface ChoiceFault {
  readonly code: "SETTING_UNKNOWN" | "SETTING_INVALID" | "SETTING_MISSING";
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** What is wrong with the settings of a choice. */
export function choiceFaults(choice: PluginChoice, chosen: AnyDerivator | AnyDerivation): ChoiceFault[] {
  const given = settingsOf(choice);
  const holder = withOrigin(`the ${chosen.kind} "${chosen.name}"`, chosen.origin);
  const result = schemaOf(chosen).safeParse(given, { error: ruleOf });
  if (result.success) return [];
  return result.error.issues.flatMap((issue): ChoiceFault[] => {
    const path = issue.path.map((step) => (typeof step === "symbol" ? String(step) : step));
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => {
        const message = `Cannot use the key "${key}" in ${holder} as it is not known`;
        return { code: "SETTING_UNKNOWN", path: [...path, key], message };
      });
    }
    const value = path.reduce<unknown>(
      (holding, step) => (holding as Record<string, unknown> | undefined)?.[step],
      given,
    );
    if (value === undefined) {
      const message = `Cannot do without the key "${path.join(".")}" in ${holder} as it is mandatory: it is missing`;
      return [{ code: "SETTING_MISSING", path: [], message }];
    }
    const message = `Cannot use "${path.join(".")}" in ${holder} as ${issue.message}: it is ${JSON.stringify(value)}`;
    return [{ code: "SETTING_INVALID", path, message }];
  });
}

/** @throws {EngineError} of the first fault of its settings. */
export function configuredDerivator(choice: PluginChoice, chosen: AnyDerivator): Derivator {
  refuseFaults(choice, chosen);
  const as = typeof choice === "string" ? undefined : choice.as;
  if (!("configure" in chosen))
    return as === undefined ? chosen : { ...chosen, name: as, stateName: chosen.stateName ?? chosen.name };
  const settings = chosen.settings.parse(settingsOf(choice));
  const { kind, name, summary, heavy, origin } = chosen;
  const head = { kind, summary, ...(heavy !== undefined && { heavy }), ...(origin !== undefined && { origin }) };
  return { ...chosen.configure(settings), ...head, name: as ?? name, stateName: stateName(name, settings) };
}

/** @throws {EngineError} of the first fault of its settings. */
export function configuredDerivation(choice: PluginChoice, chosen: AnyDerivation): Derivation {
  refuseFaults(choice, chosen);
  if (!("configure" in chosen)) return chosen;
  const { kind, name, summary, origin } = chosen;
  const functions = chosen.configure(chosen.settings.parse(settingsOf(choice)));
  return { ...functions, kind, name, summary, ...(origin !== undefined && { origin }) };
}

function refuseFaults(choice: PluginChoice, chosen: AnyDerivator | AnyDerivation): void {
  const [fault] = choiceFaults(choice, chosen);
  if (fault !== undefined) throw new EngineError(fault.code, fault.message);
}

function schemaOf(chosen: AnyDerivator | AnyDerivation): SettingsSchema {
  return "configure" in chosen ? chosen.settings : record({});
}

/** What a choice says besides names. */
export function settingsOf(choice: PluginChoice): Record<string, unknown> {
  if (typeof choice === "string") return {};
  const { type: _type, as: _as, ...settings } = choice;
  return settings;
}

/** States of other settings are other states; the name of the value does not matter. */
function stateName(name: string, settings: unknown): string {
  const key = `${name}${JSON.stringify(settings, (_key, value: unknown) => sorted(value))}`;
  if (Buffer.byteLength(key) < 256) return key;
  return `${name}#${createHash("sha256").update(key).digest("base64url")}`;
}

function sorted(value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}
