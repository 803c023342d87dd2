import type { ErrorCode } from "../runtime/errors.ts";
import { coreScalar } from "./core-scalar.ts";
import { isSecretKey } from "./source-text.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Substitution {
  readonly value: string | number | boolean | null;
  /** The name of a variable in it says that it holds a secret. */
  readonly secret: boolean;
  /** What could not be read, in order; the value is then meaningless. */
  readonly faults: readonly { readonly code: ErrorCode; readonly sentence: string }[];
}

/**
 * Puts the environment into a scalar: `${NAME}`, `${NAME:-default}` and `${NAME:?message}`, where the last two also take an empty
 * variable for an absent one. `$${` stands for `${`. Variables do not nest, and what comes from one is not looked at again.
 *
 * @param plain Whether the scalar stands without quotes: one that is entirely one variable is then typed by the rules of YAML.
 */
export function substitute(text: string, environment: Environment, plain: boolean): Substitution {
  const faults: { code: ErrorCode; sentence: string }[] = [];
  let secret = false;
  const value = text.replaceAll(
    /\$\$\{|\$\{([^}]*)(\}?)/g,
    (_written: string, inside: string | undefined, end: string) => {
      if (inside === undefined) return "${";
      const parts = /^([A-Za-z_]\w*)(?::([-?])(.*))?$/s.exec(inside);
      const [, name, kind, rest = ""] = parts ?? [];
      if (name === undefined || end === "" || rest.includes("${")) {
        const rule = `a variable must be \${NAME}, \${NAME:-default} or \${NAME:?message}, and "$\${" stands for "\${"`;
        faults.push({ code: "SETTING_INVALID", sentence: `Cannot read what begins with "\${" as ${rule}` });
        return "";
      }
      secret ||= isSecretKey(name);
      const given = environment[name];
      if (given !== undefined && (given !== "" || kind === undefined)) return given;
      if (kind === "-") return rest;
      const reason = kind === "?" && rest !== "" ? rest : given === undefined ? "it is not set" : "it is empty";
      faults.push({
        code: "VARIABLE_MISSING",
        sentence: `Cannot read the variable "${name}" as the environment must have it: ${reason}`,
      });
      return "";
    },
  );
  const whole = plain && /^\$\{[^}]*\}$/.test(text);
  return { value: whole ? coreScalar(value) : value, secret, faults };
}

// A variable holds characters that mean something to YAML: `{host: ${HOST}}` would end the mapping early, and `#` in a default
// would start a comment. So, while YAML is parsed, each character of a variable is moved into the private use area; lengths, and
// with them all positions, stay the same.
const veilStart = 0xe000;

/** Makes the variables of a text opaque to YAML. A text that uses the veil's characters itself is left as it is. */
export function veil(text: string): string {
  if (/[\ue000-\ue07f]/.test(text)) return text;
  return text.replaceAll(/\$?\$\{[^{}\r\n"'\\]*\}/g, (variable) =>
    variable.replaceAll(/[\0-\x7f]/g, (character) => String.fromCharCode(veilStart + character.charCodeAt(0))),
  );
}

/** Undoes `veil`. */
export function unveil(text: string): string {
  return text.replaceAll(/[\ue000-\ue07f]/g, (character) => String.fromCharCode(character.charCodeAt(0) - veilStart));
}
