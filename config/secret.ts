import { readFileSync } from "node:fs";
import { inspect } from "node:util";
import { EngineError } from "../runtime/errors.ts";

/** Where a secret stands: in the graph file, in a file of its own, or in the environment. */
export type SecretOrigin = string | { readonly file: string } | { readonly env: string };

/** A text that no log line, message, dump or serialisation shows: every way to print it gives `***`. */
export class Secret {
  readonly #origin: SecretOrigin;

  constructor(origin: SecretOrigin) {
    this.#origin = origin;
  }

  /**
   * The secret itself, read anew at each call, so that a rotated file is seen at the next connection. One line end at the end
   * of a file does not belong to it. Relative paths start at the working directory.
   *
   * @throws {EngineError} `PATH_UNREADABLE` where its file cannot be read, retryable; `VARIABLE_MISSING` where its variable is not set.
   */
  reveal(environment: Readonly<Record<string, string | undefined>> = process.env): string {
    const origin = this.#origin;
    if (typeof origin === "string") return origin;
    if ("file" in origin) return contentOf(origin.file);
    const value = environment[origin.env];
    if (value !== undefined) return value;
    throw new EngineError(
      "VARIABLE_MISSING",
      `Cannot read a secret as the variable "${origin.env}" must be in the environment: it is not set`,
    );
  }

  toString(): string {
    return "***";
  }

  toJSON(): string {
    return "***";
  }

  [inspect.custom](): string {
    return "***";
  }
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, "utf8").replace(/\r?\n$/, "");
  } catch (cause) {
    throw new EngineError("PATH_UNREADABLE", `Cannot read a secret as its file "${file}" must be readable`, {
      retryable: true,
      cause,
    });
  }
}
