import { EngineError } from "../errors.ts";
import type { CompositeModule, Module, PortAddress } from "./blueprint.ts";
import type { GraphStage, Shape } from "./graph-stage.ts";
import { ringsOf } from "./rings.ts";

/** One stage of the graph, wherever it stands in blueprints. */
interface Place {
  readonly stage: GraphStage<Shape, unknown>;
  readonly name: string;
  /** Where its elements go, past inlets that bound a cycle. */
  readonly next: Set<Place>;
}

interface PlacedPort {
  readonly place: Place;
  readonly port: number;
}

interface Placed {
  readonly inlets: readonly PlacedPort[];
  readonly outlets: readonly PlacedPort[];
}

/**
 * Looks at the cycles that the wires of a graph close: cycles inside its children were looked at when those were built. Without
 * a stage on it that discards, limits or buffers, or takes as many elements from elsewhere as from the cycle, the elements on a
 * cycle only grow in number until every port is full.
 *
 * @throws {EngineError} `CYCLE_UNBOUNDED` with the stages of the first such cycle, in order.
 * @see Pekko, "Graph cycles, liveness and deadlocks"
 */
export function checkCycles(module: CompositeModule): void {
  const places: Place[] = [];
  const children = module.children.map((child) => place(child, "", places));
  const own: { readonly from: Place; readonly to: Place }[] = [];
  for (const wire of module.wires) {
    const from = portAt(children, "outlets", wire.from);
    const to = portAt(children, "inlets", wire.to);
    if (join(from, to)) own.push({ from: from.place, to: to.place });
  }
  const rings = ringsOf(places, (each) => each.next);
  for (const ring of rings) {
    const closing = own.find(({ from, to }) => ring.has(from) && ring.has(to));
    if (closing !== undefined) throw fault(pathBetween(closing.to, closing.from, ring));
  }
}

function place(module: Module, path: string, places: Place[]): Placed {
  switch (module.kind) {
    case "stage": {
      const { stage } = module;
      const placed: Place = { stage, name: path === "" ? stage.name : path, next: new Set() };
      places.push(placed);
      const ports = (of: readonly unknown[]) => of.map((_, port) => ({ place: placed, port }));
      return { inlets: ports(stage.shape.inlets), outlets: ports(stage.shape.outlets) };
    }
    case "composite": {
      const children = module.children.map((child) => place(child, "", places));
      for (const wire of module.wires)
        join(portAt(children, "outlets", wire.from), portAt(children, "inlets", wire.to));
      return {
        inlets: module.inlets.map((address) => portAt(children, "inlets", address)),
        outlets: module.outlets.map((address) => portAt(children, "outlets", address)),
      };
    }
    case "named":
      return place(module.inner, module.name, places);
    case "island":
    case "supervised":
    case "mapped":
      return place(module.inner, path, places);
  }
}

function portAt(children: readonly Placed[], side: "inlets" | "outlets", { child, port }: PortAddress): PlacedPort {
  const found = children[child]?.[side][port];
  if (found !== undefined) return found;
  throw new EngineError("STAGE_FAILED", "Cannot build the graph as every wire must have two ends: it is not all wired");
}

/** @returns false where the inlet bounds every cycle through it. */
function join(from: PlacedPort, to: PlacedPort): boolean {
  const { boundsCycles } = to.place.stage;
  if (typeof boundsCycles === "boolean" ? boundsCycles : boundsCycles.includes(to.port)) return false;
  from.place.next.add(to.place);
  return true;
}

/** The shortest way, which exists as both stand in one ring. */
function pathBetween(start: Place, end: Place, ring: ReadonlySet<Place>): Place[] {
  const before = new Map<Place, Place | undefined>([[start, undefined]]);
  for (const each of before.keys()) {
    for (const next of each.next) if (ring.has(next) && !before.has(next)) before.set(next, each);
  }
  const path: Place[] = [];
  for (let each: Place | undefined = end; each !== undefined; each = before.get(each)) path.unshift(each);
  return path;
}

function fault(path: readonly Place[]): EngineError {
  const names = [...path, path[0]].map((each) => each?.name).join(" -> ");
  const sentence = `Cannot build the cycle ${names} as a stage on it must discard, limit or buffer: none does`;
  return new EngineError("CYCLE_UNBOUNDED", sentence);
}
