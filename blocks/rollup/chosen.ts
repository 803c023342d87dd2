import { withOrigin } from "../../config/plugin-origin.ts";
import { EngineError, sentenceOf } from "../../runtime/errors.ts";
import { builtInDerivators } from "../derivators/catalogue.ts";
import { builtInTypes } from "../model/data-type.ts";
import type { AnyDerivation, Derivation } from "../model/derivation.ts";
import type { AnyDerivator, Derivator } from "../model/derivator.ts";
import type { HeavyRunner } from "../model/heavy-task.ts";
import { configuredDerivation, configuredDerivator, type PluginChoice, typeOfChoice } from "../model/plugin-choice.ts";
import { standardValues } from "../query/bucket-values.ts";
import { DerivatorSets } from "./derivator-set.ts";
import { heavyDerivator } from "./heavy-derivator.ts";

/**
 * The built-in derivators of every type and those that the settings choose, each once.
 *
 * @param heavy Runs those that are heavy; absent: they run here.
 * @throws {EngineError} `COMPONENT_UNKNOWN`, or of settings of theirs; `SETTING_DUPLICATE` where two would give one value.
 */
export function chosenDerivators(
  choices: readonly PluginChoice[],
  known: readonly AnyDerivator[],
  node: string,
  heavy?: HeavyRunner,
): DerivatorSets {
  return new DerivatorSets([...builtInDerivators, ...derivatorsChosen(choices, known, node, heavy).values()]);
}

/** The same, and all others that need no settings: what can be computed of observations. */
export function allDerivators(
  choices: readonly PluginChoice[],
  known: readonly AnyDerivator[],
  node: string,
  heavy?: HeavyRunner,
): DerivatorSets {
  const all = derivatorsChosen(choices, known, node, heavy);
  for (const derivator of known) {
    if ("configure" in derivator || all.has(derivator.name) || builtInDerivators.includes(derivator)) continue;
    all.set(derivator.name, heavy === undefined ? derivator : heavyDerivator(derivator, derivator.name, heavy));
  }
  return new DerivatorSets([...builtInDerivators, ...all.values()]);
}

/** Those that the settings choose, by name of the value. @throws {EngineError} as `chosenDerivators`. */
export function derivatorsChosen(
  choices: readonly PluginChoice[],
  known: readonly AnyDerivator[],
  node: string,
  heavy?: HeavyRunner,
): Map<string, Derivator> {
  const all = new Map<string, Derivator>();
  for (const choice of choices) {
    const derivator = atNode(node, () => configuredDerivator(choice, byName(choice, known, "derivator", node)));
    if (builtInDerivators.includes(derivator)) continue;
    refuseUnsure(derivator, node);
    if (builtInValues.has(derivator.name)) {
      const rule = "a built-in one has that name (give it another with `as`)";
      throw duplicate(`Cannot call a derivator "${derivator.name}" as ${rule}`, node);
    }
    const other = all.get(derivator.name);
    if (other !== undefined && keyOf(other) !== keyOf(derivator)) {
      const rule = "two derivators with different settings must have names of their own (as)";
      throw duplicate(`Cannot give the value "${derivator.name}" as ${rule}: it is that of both`, node);
    }
    all.set(derivator.name, heavy === undefined ? derivator : heavyDerivator(derivator, choice, heavy));
  }
  return all;
}

const duplicate = (sentence: string, node: string) =>
  new EngineError("SETTING_DUPLICATE", sentence, { where: { node } });

export function chosenDerivations(
  choices: readonly PluginChoice[],
  known: readonly AnyDerivation[],
  node: string,
): Derivation[] {
  return choices.map((choice) =>
    atNode(node, () => configuredDerivation(choice, byName(choice, known, "derivation", node))),
  );
}

/** Found out now, as later it would fail every batch. */
function refuseUnsure(derivator: Derivator, node: string): void {
  try {
    for (const type of builtInTypes) if (derivator.appliesTo(type)) derivator.resultType(type);
  } catch (cause) {
    const what = withOrigin(`the derivator "${derivator.name}"`, derivator.origin);
    const sentence = `Cannot use ${what} as it must say of every type whether it applies, and what it gives: ${sentenceOf(cause)}`;
    throw new EngineError("PLUGIN_INVALID", sentence, { where: { node }, cause });
  }
}

/** Values that blocks and queries compute without being told. */
export const builtInValues: ReadonlySet<string> = new Set([
  ...standardValues,
  ...builtInDerivators.map(({ name }) => name),
]);

const keyOf = ({ stateName, name }: Derivator) => stateName ?? name;

function byName<T extends { readonly name: string }>(
  choice: PluginChoice,
  known: readonly T[],
  what: string,
  node: string,
): T {
  const name = typeOfChoice(choice);
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

function atNode<T>(node: string, make: () => T): T {
  try {
    return make();
  } catch (fault) {
    if (!(fault instanceof EngineError) || fault.where.node !== undefined) throw fault;
    throw new EngineError(fault.code, fault.message, { where: { ...fault.where, node }, cause: fault });
  }
}
