import assert from "node:assert/strict";
import type { GraphStage, Shape } from "./graph-stage.ts";
import type { Decider } from "./supervised-stage.ts";

/** A port of a child: the child's place, then the port's place among its inlets or outlets. */
export interface PortAddress {
  readonly child: number;
  readonly port: number;
}

export interface Wire {
  readonly from: PortAddress;
  readonly to: PortAddress;
}

/**
 * What a blueprint is made of. Ports are told by their place, never by identity, so that one module may stand in a graph many
 * times; and a module is never changed, so that it may run many times.
 */
export type Module =
  | { readonly kind: "stage"; readonly stage: GraphStage<Shape, unknown> }
  | CompositeModule
  /** Runs on an island of its own. */
  | { readonly kind: "island"; readonly inner: Module; readonly settings: AsyncSettings }
  | { readonly kind: "named"; readonly inner: Module; readonly name: string }
  /** The decider of those stages inside that have no nearer one. */
  | { readonly kind: "supervised"; readonly inner: Module; readonly decider: Decider }
  | { readonly kind: "mapped"; readonly inner: Module; readonly map: (materialized: unknown) => unknown };

export interface CompositeModule {
  readonly kind: "composite";
  readonly children: readonly Module[];
  readonly wires: readonly Wire[];
  /** Which ports of the children are its own, in order. */
  readonly inlets: readonly PortAddress[];
  readonly outlets: readonly PortAddress[];
  /** Makes its materialised value of those of the children. */
  readonly combine: (materialized: readonly unknown[]) => unknown;
}

/** How an island is cut off from its neighbours. */
export interface AsyncSettings {
  /**
   * Elements on their way across each boundary of it at most; where two islands that say so meet, the smaller one counts. At least
   * 1; default 16. With 1 nothing is asked for far ahead of demand, as operators that gather or repeat may want it.
   */
  readonly windowMax?: number;
}

/** A module on an island of its own. */
export function island(inner: Module, settings: AsyncSettings = {}): Module {
  const { windowMax = 1 } = settings;
  assert(Number.isInteger(windowMax) && windowMax >= 1, "at least one element crosses a boundary");
  return { kind: "island", inner, settings };
}

/** Two modules in a row: the outlet of the first feeds the inlet of the second. */
export function inSeries(
  first: Module,
  second: Module,
  ends: { readonly inlet: boolean; readonly outlet: boolean },
  combine: (first: unknown, second: unknown) => unknown,
): Module {
  return {
    kind: "composite",
    children: [first, second],
    wires: [{ from: { child: 0, port: 0 }, to: { child: 1, port: 0 } }],
    inlets: ends.inlet ? [{ child: 0, port: 0 }] : [],
    outlets: ends.outlet ? [{ child: 1, port: 0 }] : [],
    combine: ([left, right]) => combine(left, right),
  };
}
