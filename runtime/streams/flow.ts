import type { OperatorFunction } from "rxjs";
import { type AsyncSettings, inSeries, island, type Module } from "./blueprint.ts";
import { type Graph, type GraphStage, Inlet, Outlet } from "./graph-stage.ts";
import { Keep } from "./keep.ts";
import { CompositionOperators } from "./composition-operators.ts";
import type { BlueprintKind } from "./linear-operators.ts";
import { fromOperator, type OperatorSettings } from "./operators/from-operator.ts";
import { inWorker, type InWorkerSettings } from "./operators/in-worker.ts";
import { groupBy } from "./operators/group-by.ts";
import { prefixAndTail } from "./operators/prefix-and-tail.ts";
import { partsMax, splitAfter, splitWhen } from "./operators/split.ts";
import { map } from "./operators/map.ts";
import { monitor, type StreamMonitor } from "./operators/monitor.ts";
import { watchTermination } from "./operators/watch-termination.ts";
import { FlowShape, type SinkShape } from "./shape.ts";
import { Sink } from "./sink.ts";
import { Source } from "./source.ts";
import { SubFlow } from "./sub-flow.ts";
import type { Decider } from "./supervised-stage.ts";

interface FlowKind<In, Mat> extends BlueprintKind {
  readonly blueprint: Flow<In, this["out"], Mat>;
  readonly ended: Sink<In, Mat>;
}

/** A part of a stream: a blueprint with one open inlet and one open outlet. Immutable; each run is a run of its own. */
export class Flow<In, out Out, out Mat = void>
  extends CompositionOperators<Out, FlowKind<In, Mat>>
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

  /** Changes nothing: where a flow begins. {@link map} */
  static of<T>(): Flow<T, T> {
    return Flow.fromStage(map((element: T) => element));
  }

  /** {@link inWorker} */
  static inWorker<In, Out>(module: URL, exportName: string, settings?: InWorkerSettings): Flow<In, Out> {
    return Flow.fromStage(inWorker<In, Out>(module, exportName, settings));
  }

  /** {@link fromOperator} */
  static fromOperator<In, Out>(operator: OperatorFunction<In, Out>, settings?: OperatorSettings): Flow<In, Out> {
    return Flow.fromStage(fromOperator(operator, settings));
  }

  via<T>(flow: Graph<FlowShape<Out, T>, unknown>): Flow<In, T, Mat> {
    return this.viaMat(flow, Keep.left<Mat>);
  }

  /** {@link groupBy} */
  groupBy<Key>(
    maxSubstreams: number,
    key: (element: Out) => Key,
    options: { readonly allowClosedSubstreamRecreation?: boolean } = {},
  ): SubFlow<Out, Out, FlowKind<In, Mat>> {
    const groups = this.via(groupBy(maxSubstreams, key, options.allowClosedSubstreamRecreation));
    return SubFlow.of<Out, FlowKind<In, Mat>>(groups, maxSubstreams);
  }

  /** {@link splitWhen} */
  splitWhen(predicate: (element: Out) => boolean): SubFlow<Out, Out, FlowKind<In, Mat>> {
    const parts = this.via(splitWhen(predicate));
    return SubFlow.of<Out, FlowKind<In, Mat>>(parts, partsMax);
  }

  /** {@link splitAfter} */
  splitAfter(predicate: (element: Out) => boolean): SubFlow<Out, Out, FlowKind<In, Mat>> {
    const parts = this.via(splitAfter(predicate));
    return SubFlow.of<Out, FlowKind<In, Mat>>(parts, partsMax);
  }

  /** {@link prefixAndTail} */
  prefixAndTail(count: number): Flow<In, readonly [prefix: Out[], tail: Source<Out>], Mat> {
    return this.via(prefixAndTail<Out>(count)).map(([prefix, tail]) => [prefix, Source.fromStage(tail)]);
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

  /** {@link monitor} */
  monitor<R>(combine: (left: Mat, monitor: StreamMonitor<Out>) => R): Flow<In, Out, R> {
    return this.viaMat(monitor<Out>(), combine);
  }

  /** {@link watchTermination} */
  watchTermination<R>(combine: (left: Mat, ended: Promise<void>) => R): Flow<In, Out, R> {
    return this.viaMat(watchTermination<Out>(), combine);
  }

  mapMaterializedValue<R>(change: (materialized: Mat) => R): Flow<In, Out, R> {
    return new Flow({ kind: "mapped", inner: this.module, map: change as (value: unknown) => unknown });
  }

  /** The name of its stage, or the first part of the names of its stages, in errors and logs. */
  named(name: string): Flow<In, Out, Mat> {
    return new Flow({ kind: "named", inner: this.module, name });
  }

  /** {@link Decider}: what supervised stages in it do when their function throws. A decider set nearer to a stage counts. */
  withSupervision(decider: Decider): Flow<In, Out, Mat> {
    return new Flow({ kind: "supervised", inner: this.module, decider });
  }

  /** Everything so far runs on an island of its own. {@link AsyncSettings} */
  async(settings?: AsyncSettings): Flow<In, Out, Mat> {
    return new Flow(island(this.module, settings));
  }
}
