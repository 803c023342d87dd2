import type { Position } from "./source-text.ts";

/** A value of a graph file that knows where it stands. */
export type Located = LocatedScalar | LocatedList | LocatedMapping;

export interface LocatedScalar {
  readonly kind: "scalar";
  readonly value: string | number | boolean | null;
  readonly at: Position;
  /** Came from a variable whose name says that it holds a secret. */
  readonly secret: boolean;
  /** Stands for a value that could not be read and was reported; whatever else is wrong with it is no further fault. */
  readonly broken: boolean;
}

export interface LocatedList {
  readonly kind: "list";
  readonly items: Located[];
  readonly at: Position;
}

export interface LocatedMapping {
  readonly kind: "mapping";
  readonly entries: Map<string, LocatedEntry>;
  readonly at: Position;
}

export interface LocatedEntry {
  readonly keyAt: Position;
  readonly value: Located;
}

export type Path = readonly PropertyKey[];

/** The value without its places, as a schema takes it. */
export function plain(located: Located): unknown {
  switch (located.kind) {
    case "scalar":
      return located.value;
    case "list":
      return located.items.map(plain);
    case "mapping":
      return Object.fromEntries([...located.entries].map(([key, entry]) => [key, plain(entry.value)]));
  }
}

/** The value at a path; undefined where the file has none. */
export function valueAt(located: Located, path: Path): Located | undefined {
  let value: Located | undefined = located;
  for (const step of path) {
    if (value?.kind === "mapping") value = value.entries.get(String(step))?.value;
    else if (value?.kind === "list" && typeof step === "number") value = value.items[step];
    else return undefined;
  }
  return value;
}

/** The key at the end of a path; undefined where the path ends in a list, or nowhere. */
export function keyPlace(located: Located, path: Path): Position | undefined {
  const holder = valueAt(located, path.slice(0, -1));
  return holder?.kind === "mapping" ? holder.entries.get(String(path.at(-1)))?.keyAt : undefined;
}

/**
 * Gives every scalar, list and mapping of a plain value the same place.
 *
 * @param value What YAML or JSON can carry; anything else becomes text.
 */
export function located(value: unknown, at: Position): Located {
  if (Array.isArray(value)) return { kind: "list", items: value.map((item) => located(item, at)), at };
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).map(([key, item]) => [key, { keyAt: at, value: located(item, at) }] as const);
    return { kind: "mapping", entries: new Map(entries), at };
  }
  const simple = value === null || ["string", "number", "boolean"].includes(typeof value);
  return {
    kind: "scalar",
    value: simple ? (value as LocatedScalar["value"]) : String(value),
    at,
    secret: false,
    broken: false,
  };
}
