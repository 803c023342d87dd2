import type { Module } from "./blueprint.ts";
import { type Graph, Inlet, Outlet, type Shape } from "./graph-stage.ts";
import { FlowShape, type SinkShape, type SourceShape } from "./shape.ts";

/**
 * A flow made of a junction with several inlets, whose other inlets are fed by sources.
 *
 * @param own Index of the inlet that stays open; the sources take the others, in order.
 */
export function fedBy<In, Out>(
  junction: Graph<Shape, unknown>,
  own: number,
  ...sources: readonly Graph<SourceShape<unknown>, unknown>[]
): Graph<FlowShape<In, Out>, void> {
  const others = junction.shape.inlets.map((_, index) => index).filter((index) => index !== own);
  return flowOf({
    kind: "composite",
    children: [junction.module, ...sources.map((source) => source.module)],
    wires: others.map((port, index) => ({ from: { child: index + 1, port: 0 }, to: { child: 0, port } })),
    inlets: [{ child: 0, port: own }],
    outlets: [{ child: 0, port: 0 }],
    combine: () => undefined,
  });
}

/** A flow made of a junction with two outlets, the second of which feeds a sink. */
export function feeding<T>(
  junction: Graph<Shape, unknown>,
  sink: Graph<SinkShape<T>, unknown>,
): Graph<FlowShape<T, T>, void> {
  return flowOf({
    kind: "composite",
    children: [junction.module, sink.module],
    wires: [{ from: { child: 0, port: 1 }, to: { child: 1, port: 0 } }],
    inlets: [{ child: 0, port: 0 }],
    outlets: [{ child: 0, port: 0 }],
    combine: () => undefined,
  });
}

function flowOf<In, Out>(module: Module): Graph<FlowShape<In, Out>, void> {
  return { shape: new FlowShape(new Inlet<In>("composed.in"), new Outlet<Out>("composed.out")), module };
}
