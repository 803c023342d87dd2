import { inSeries, type Module } from "./blueprint.ts";
import { type Graph, type GraphStage, Inlet, Outlet } from "./graph-stage.ts";
import { Keep } from "./keep.ts";
import { type BlueprintKind, LinearOperators } from "./linear-operators.ts";
import { map } from "./operators/map.ts";
import { FlowShape, type SinkShape } from "./shape.ts";
import { Sink } from "./sink.ts";

interface FlowKind<In, Mat> extends BlueprintKind {
  readonly blueprint: Flow<In, this["out"], Mat>;
}

/** A part of a stream: a blueprint with one open inlet and one open outlet. Immutable; each run is a run of its own. */
export class Flow<In, out Out, out Mat = void>
  extends LinearOperators<Out, FlowKind<In, Mat>>
  implements Graph<FlowShape<In, Out>, Mat>
{
  readonly shape: FlowShape<In, Out>;
  readonly module: Module;
  declare readonly "~materialized"?: Mat;

  private constructor(module: Module) {
    super();
    this.shape = new FlowShape(new Inlet<In>("flow.in"), new Outlet<Out>("flow.out"));
    this.module = module;
  }

  static fromStage<In, Out, Mat>(stage: GraphStage<FlowShape<In, Out>, Mat>): Flow<In, Out, Mat> {
    return new Flow<In, Out, Mat>(stage.module);
  }

  /** Any blueprint with one open inlet and one open outlet. */
  static fromGraph<In, Out, Mat>(graph: Graph<FlowShape<In, Out>, Mat>): Flow<In, Out, Mat> {
    return new Flow<In, Out, Mat>(graph.module);
  }

  /** Changes nothing: where a flow begins. */
  static of<T>(): Flow<T, T> {
    return Flow.fromStage(map((element: T) => element));
  }

  via<T>(flow: Graph<FlowShape<Out, T>, unknown>): Flow<In, T, Mat> {
    return this.viaMat(flow, Keep.left<Mat>);
  }

  /** Attaches a flow, and makes the materialised value of both. */
  viaMat<T, M, R>(flow: Graph<FlowShape<Out, T>, M>, combine: (left: Mat, right: M) => R): Flow<In, T, R> {
    const ends = { inlet: true, outlet: true };
    return new Flow(inSeries(this.module, flow.module, ends, combine as (left: unknown, right: unknown) => unknown));
  }

  /** Attaches a sink; keeps the own materialised value. */
  to(sink: Graph<SinkShape<Out>, unknown>): Sink<In, Mat> {
    return this.toMat(sink, Keep.left<Mat>);
  }

  /** Attaches a sink, and makes the materialised value of both. */
  toMat<M, R>(sink: Graph<SinkShape<Out>, M>, combine: (left: Mat, right: M) => R): Sink<In, R> {
    const ends = { inlet: true, outlet: false };
    return Sink.fromModule(
      inSeries(this.module, sink.module, ends, combine as (left: unknown, right: unknown) => unknown),
    );
  }

  mapMaterializedValue<R>(change: (materialized: Mat) => R): Flow<In, Out, R> {
    return new Flow({ kind: "mapped", inner: this.module, map: change as (value: unknown) => unknown });
  }

  /** The name of its stage, or the first part of the names of its stages, in errors and logs. */
  named(name: string): Flow<In, Out, Mat> {
    return new Flow({ kind: "named", inner: this.module, name });
  }

  /** Everything so far runs on an island of its own. */
  async(): Flow<In, Out, Mat> {
    return new Flow({ kind: "island", inner: this.module });
  }
}
