import { EngineError } from "../../runtime/errors.ts";
import type { Tagset } from "./series.ts";

/** A condition on the tags of a series: those of its data points (dynamic) and those of its metric (static) alike. */
export type TagCondition =
  | { readonly kind: "all" }
  | { readonly kind: "equal"; readonly key: string; readonly value: string }
  | { readonly kind: "present"; readonly key: string }
  | { readonly kind: "not"; readonly of: TagCondition }
  | { readonly kind: "and" | "or"; readonly of: readonly TagCondition[] };

/** Conditions within one another; more would only be a mistake. */
const depthMax = 64;

/**
 * Reads TSorage's filter grammar: `["=", key, value]`, `["+", key]` (has the tag), `["not", f]`, `["and", f, …]`, `["or", f, …]`
 * and `["all"]`.
 *
 * @param given JSON that was parsed already.
 * @throws {EngineError} `SELECTOR_INVALID`, with the path of the fault.
 */
export function readTagCondition(given: unknown, path = "$", depth = 0): TagCondition {
  if (depth > depthMax) throw invalid(path, `conditions must lie at most ${depthMax} deep`, given);
  if (!Array.isArray(given)) throw invalid(path, "a condition must be a list", given);
  const [word, ...rest] = given as unknown[];
  const inner = () => rest.map((one, index) => readTagCondition(one, `${path}[${index + 1}]`, depth + 1));
  switch (word) {
    case "all":
      count(path, "all", rest, 0);
      return { kind: "all" };
    case "=":
      count(path, "=", rest, 2);
      return { kind: "equal", key: text(rest[0], `${path}[1]`), value: text(rest[1], `${path}[2]`) };
    case "+":
      count(path, "+", rest, 1);
      return { kind: "present", key: text(rest[0], `${path}[1]`) };
    case "not":
      count(path, "not", rest, 1);
      return { kind: "not", of: readTagCondition(rest[0], `${path}[1]`, depth + 1) };
    case "and":
    case "or":
      if (rest.length === 0) throw invalid(path, `"${word}" must have conditions`, given);
      return { kind: word, of: inner() };
    default:
      throw invalid(`${path}[0]`, 'the first word must be one of "=", "+", "not", "and", "or", "all"', word);
  }
}

/** As `readTagCondition`, of JSON text. */
export function parseTagCondition(json: string): TagCondition {
  let given: unknown;
  try {
    given = JSON.parse(json);
  } catch (cause) {
    const sentence = `Cannot read the tag filter as it must be JSON such as ["=", "key", "value"]: it is ${json.slice(0, 40)}`;
    throw new EngineError("SELECTOR_INVALID", sentence, { cause });
  }
  return readTagCondition(given);
}

/** Where a key is in both tagsets, either value counts. */
export function satisfies(condition: TagCondition, dynamic: Tagset, ofMetric: Tagset | undefined): boolean {
  switch (condition.kind) {
    case "all":
      return true;
    case "equal":
      return dynamic.get(condition.key) === condition.value || ofMetric?.get(condition.key) === condition.value;
    case "present":
      return dynamic.has(condition.key) || ofMetric?.has(condition.key) === true;
    case "not":
      return !satisfies(condition.of, dynamic, ofMetric);
    case "and":
      return condition.of.every((one) => satisfies(one, dynamic, ofMetric));
    case "or":
      return condition.of.some((one) => satisfies(one, dynamic, ofMetric));
  }
}

/** The keys that a condition speaks of. */
export function keysOf(condition: TagCondition): Set<string> {
  switch (condition.kind) {
    case "all":
      return new Set();
    case "equal":
    case "present":
      return new Set([condition.key]);
    case "not":
      return keysOf(condition.of);
    case "and":
    case "or":
      return new Set(condition.of.flatMap((one) => [...keysOf(one)]));
  }
}

function text(given: unknown, path: string): string {
  if (typeof given === "string") return given;
  throw invalid(path, "a key or a value must be text", given);
}

function count(path: string, word: string, rest: readonly unknown[], expected: number): void {
  if (rest.length === expected) return;
  throw invalid(path, `"${word}" must have ${expected} ${expected === 1 ? "argument" : "arguments"}`, rest);
}

function invalid(path: string, rule: string, found: unknown): EngineError {
  const shown = (JSON.stringify(found) ?? "nothing").slice(0, 60);
  return new EngineError("SELECTOR_INVALID", `Cannot read the tag filter at ${path} as ${rule}: it is ${shown}`);
}
