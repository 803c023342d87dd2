import * as millrace from "../../../millrace.ts";
import { SubFlow } from "../../../runtime/streams/sub-flow.ts";

/**
 * The public names from which streams are made: `map` for a method of sources and flows, `Source.single` for a static one or one
 * of an object, `Broadcast` for a stage of the library.
 */
export function publicOperators(): string[] {
  const names = new Set<string>();
  for (const blueprint of [millrace.Source, millrace.Flow, millrace.Sink]) {
    for (const name of staticsOf(blueprint)) names.add(`${blueprint.name}.${name}`);
    for (const name of methodsOf(blueprint.prototype)) names.add(name);
  }
  // A class that only operators make, so it is not exported as a value.
  for (const name of methodsOf(SubFlow.prototype)) names.add(name === "to" ? "SubFlow.to" : name);
  for (const [name, exported] of Object.entries(millrace)) {
    if (typeof exported === "function") {
      if (exported.prototype instanceof millrace.GraphStage) names.add(name);
      for (const method of staticsOf(exported)) names.add(`${name}.${method}`);
    } else if (typeof exported === "object") for (const method of functionsOf(exported)) names.add(`${name}.${method}`);
  }
  return [...names].sort();
}

/** The operator that a key of the registry covers: "buffer" of "buffer (drops the oldest)". */
export function operatorOf(key: string): string {
  return key.split(" (")[0] ?? key;
}

function staticsOf(made: object): string[] {
  return functionsOf(made).filter((name) => name !== "prototype");
}

function functionsOf(made: object): string[] {
  return Object.getOwnPropertyNames(made).filter(
    (name) => typeof Object.getOwnPropertyDescriptor(made, name)?.value === "function",
  );
}

function methodsOf(prototype: object): string[] {
  const names: string[] = [];
  for (let of = prototype; of !== Object.prototype; of = Object.getPrototypeOf(of) as object) {
    names.push(...functionsOf(of).filter((name) => name !== "constructor"));
  }
  return names;
}
