import { EngineError } from "../errors.ts";
import type { CompositeModule, PortAddress, Wire, Module } from "./blueprint.ts";
import { checkCycles } from "./cycle-check.ts";
import type { Graph, Inlet, Outlet, Shape } from "./graph-stage.ts";
import { RunnableGraph } from "./runnable-graph.ts";
import { type ClosedShape, copyOf } from "./shape.ts";

type Parts = Readonly<Record<string, Graph<Shape, unknown>>>;
type ShapesOf<P extends Parts> = { readonly [K in keyof P]: P[K]["shape"] };
type MaterializedOf<P extends Parts> = { readonly [K in keyof P]: P[K] extends Graph<Shape, infer M> ? M : never };

/** Graphs that are no line: add stages and blueprints, connect their ports, return the ports that stay open. */
export const GraphDSL = { create };

/**
 * Builds a graph. With `parts`, their shapes are handed to `build` and their materialised values become those of the graph, by
 * name; what is added inside `build` materialises nothing.
 *
 * A cycle needs a stage on it with `boundsCycles`: one that discards (`filter`, `collect`, `batch`), ends (`take`, `limit`) or
 * buffers, whatever its strategy; a `Zip`, as it takes one element from elsewhere for each of the cycle; or a `MergePreferred`
 * entered at its preferred inlet. A `Merge` alone does not do: see {@link checkCycles}.
 *
 * @returns A runnable graph where `build` returns nothing or a closed shape, else a blueprint with the ports that it returns.
 * @throws {EngineError} `STAGE_FAILED` where a port is connected twice, or neither connected nor returned; `CYCLE_UNBOUNDED`.
 */
function create(build: (builder: GraphBuilder) => ClosedShape | undefined, options?: GraphOptions): RunnableGraph<void>;
function create<S extends Shape>(build: (builder: GraphBuilder) => S, options?: GraphOptions): Graph<S, void>;
function create(build: (builder: GraphBuilder) => void, options?: GraphOptions): RunnableGraph<void>;
function create<P extends Parts>(
  parts: P,
  build: (builder: GraphBuilder, shapes: ShapesOf<P>) => ClosedShape | undefined,
  options?: GraphOptions,
): RunnableGraph<MaterializedOf<P>>;
function create<P extends Parts, S extends Shape>(
  parts: P,
  build: (builder: GraphBuilder, shapes: ShapesOf<P>) => S,
  options?: GraphOptions,
): Graph<S, MaterializedOf<P>>;
function create<P extends Parts>(
  parts: P,
  build: (builder: GraphBuilder, shapes: ShapesOf<P>) => void,
  options?: GraphOptions,
): RunnableGraph<MaterializedOf<P>>;
function create(
  first: Parts | ((builder: GraphBuilder) => unknown),
  second?: ((builder: GraphBuilder, shapes: never) => unknown) | GraphOptions,
  third?: GraphOptions,
): Graph<Shape, unknown> {
  const builder = new Builder();
  if (typeof second !== "function") {
    const build = first as (builder: GraphBuilder) => unknown;
    return builder.finish(build(builder) as Shape | undefined, () => undefined, second);
  }
  const names = Object.keys(first);
  const shapes: Record<string, Shape> = {};
  for (const [name, part] of Object.entries(first as Parts)) shapes[name] = builder.add(part);
  const combine = (materialized: readonly unknown[]) =>
    Object.fromEntries(names.map((name, index) => [name, materialized[index]]));
  return builder.finish(second(builder, shapes as never) as Shape | undefined, combine, third);
}

export interface GraphOptions {
  /** "allowed": a cycle is not looked at, as what bounds it cannot be seen in its stages. Default "bounded". */
  readonly cycles?: "bounded" | "allowed";
}

export interface GraphBuilder {
  /** Adds a stage or blueprint, as often as wanted. Its materialised value is dropped; see `parts`. */
  add<S extends Shape>(graph: Graph<S, unknown>): S;
  connect<I, O extends I>(outlet: Outlet<O>, inlet: Inlet<I>): void;
}

class Builder implements GraphBuilder {
  readonly #children: Module[] = [];
  readonly #wires: Wire[] = [];
  readonly #addresses = new Map<unknown, PortAddress>();
  /** Ports neither connected nor returned so far. */
  readonly #open = new Set<Inlet<unknown> | Outlet<unknown>>();

  add<S extends Shape>(graph: Graph<S, unknown>): S {
    const shape = copyOf(graph.shape);
    const child = this.#children.push(graph.module) - 1;
    for (const ports of [shape.inlets, shape.outlets]) {
      ports.forEach((port, index) => {
        this.#addresses.set(port, { child, port: index });
        this.#open.add(port);
      });
    }
    return shape;
  }

  connect<I, O extends I>(outlet: Outlet<O>, inlet: Inlet<I>): void {
    this.#wires.push({ from: this.#take(outlet), to: this.#take(inlet) });
  }

  finish(
    shape: Shape | undefined,
    combine: (materialized: readonly unknown[]) => unknown,
    options: GraphOptions = {},
  ): Graph<Shape, unknown> {
    const inlets = (shape?.inlets ?? []).map((inlet) => this.#take(inlet));
    const outlets = (shape?.outlets ?? []).map((outlet) => this.#take(outlet));
    const [left] = this.#open;
    if (left !== undefined)
      throw wiringFault("build the graph", "every port must be connected or returned", left, "open");
    const module: CompositeModule = {
      kind: "composite",
      children: [...this.#children],
      wires: [...this.#wires],
      inlets,
      outlets,
      combine,
    };
    if (options.cycles !== "allowed") checkCycles(module);
    if (shape === undefined || inlets.length + outlets.length === 0) return new RunnableGraph(module);
    return { shape: copyOf(shape), module };
  }

  #take(port: Inlet<unknown> | Outlet<unknown>): PortAddress {
    const address = this.#addresses.get(port);
    if (address === undefined) throw wiringFault("connect a port", "it must be of a shape added here", port, "not");
    if (!this.#open.delete(port)) throw wiringFault("connect a port", "each is connected once", port, "connected");
    return address;
  }
}

function wiringFault(action: string, rule: string, port: Inlet<unknown> | Outlet<unknown>, state: string): EngineError {
  return new EngineError("STAGE_FAILED", `Cannot ${action} as ${rule}: it is ${state} at "${port.name}"`);
}
