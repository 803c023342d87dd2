import { EngineError } from "../../runtime/errors.ts";
import { builtInDerivators } from "../derivators/catalogue.ts";
import type { Derivation } from "../model/derivation.ts";
import type { Derivator } from "../model/derivator.ts";
import { DerivatorSets } from "./derivator-set.ts";

/** The built-in derivators of every type and those that the settings name, each once. */
export function chosenDerivators(names: readonly string[], known: readonly Derivator[], node: string): DerivatorSets {
  const named = names.map((name) => byName(name, known, "derivator", node));
  return new DerivatorSets([...new Set([...builtInDerivators, ...named])]);
}

export function chosenDerivations(names: readonly string[], known: readonly Derivation[], node: string): Derivation[] {
  return names.map((name) => byName(name, known, "derivation", node));
}

function byName<T extends { readonly name: string }>(name: string, known: readonly T[], what: string, node: string): T {
  const found = known.find((candidate) => candidate.name === name);
  if (found !== undefined) return found;
  const names = known.map((candidate) => `"${candidate.name}"`).join(", ") || "none";
  throw new EngineError(
    "COMPONENT_UNKNOWN",
    `Cannot use the ${what} "${name}" as no plugin brings it: there are ${names}`,
    {
      where: { node },
    },
  );
}
