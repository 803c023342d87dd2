import { EngineError } from "../errors.ts";
import type { Module, PortAddress, Wire } from "./blueprint.ts";
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
 * @returns A runnable graph where `build` returns nothing or a closed shape, else a blueprint with the ports that it returns.
 * @throws {EngineError} `STAGE_FAILED` where a port is connected twice, or neither connected nor returned.
 */
function create(build: (builder: GraphBuilder) => ClosedShape | undefined): RunnableGraph<void>;
function create<S extends Shape>(build: (builder: GraphBuilder) => S): Graph<S, void>;
function create(build: (builder: GraphBuilder) => void): RunnableGraph<void>;
function create<P extends Parts>(
  parts: P,
  build: (builder: GraphBuilder, shapes: ShapesOf<P>) => ClosedShape | undefined,
): RunnableGraph<MaterializedOf<P>>;
function create<P extends Parts, S extends Shape>(
  parts: P,
  build: (builder: GraphBuilder, shapes: ShapesOf<P>) => S,
): Graph<S, MaterializedOf<P>>;
function create<P extends Parts>(
  parts: P,
  build: (builder: GraphBuilder, shapes: ShapesOf<P>) => void,
): RunnableGraph<MaterializedOf<P>>;
function create(
  ...given:
    | [build: (builder: GraphBuilder) => unknown]
    | [parts: Parts, build: (builder: GraphBuilder, shapes: never) => unknown]
): Graph<Shape, unknown> {
  const builder = new Builder();
  if (given.length === 1) return builder.finish(given[0](builder) as Shape | undefined, () => undefined);
  const names = Object.keys(given[0]);
  const shapes: Record<string, Shape> = {};
  for (const [name, part] of Object.entries(given[0])) shapes[name] = builder.add(part);
  return builder.finish(given[1](builder, shapes as never) as Shape | undefined, (materialized) =>
    Object.fromEntries(names.map((name, index) => [name, materialized[index]])),
  );
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

  finish(shape: Shape | undefined, combine: (materialized: readonly unknown[]) => unknown): Graph<Shape, unknown> {
    const inlets = (shape?.inlets ?? []).map((inlet) => this.#take(inlet));
    const outlets = (shape?.outlets ?? []).map((outlet) => this.#take(outlet));
    const [left] = this.#open;
    if (left !== undefined)
      throw wiringFault("build the graph", "every port must be connected or returned", left, "open");
    const module: Module = {
      kind: "composite",
      children: [...this.#children],
      wires: [...this.#wires],
      inlets,
      outlets,
      combine,
    };
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
