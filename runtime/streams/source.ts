import type { Observable } from "rxjs";
import type { ActorSystem } from "../actors/actor-system.ts";
import { inSeries, type Module } from "./blueprint.ts";
import { type Graph, type GraphStage, Outlet } from "./graph-stage.ts";
import { Keep } from "./keep.ts";
import { type BlueprintKind, LinearOperators } from "./linear-operators.ts";
import type { RunOptions } from "./materializer.ts";
import { fromAsyncIterable } from "./operators/from-async-iterable.ts";
import { fromIterable } from "./operators/from-iterable.ts";
import { fromObservable, type ObservableBuffer } from "./operators/from-observable.ts";
import { failed, never } from "./operators/endings.ts";
import { queue, type SourceQueue } from "./operators/source-queue.ts";
import { tick } from "./operators/tick.ts";
import { RunnableGraph, type RunningGraph } from "./runnable-graph.ts";
import { type FlowShape, type SinkShape, SourceShape } from "./shape.ts";

interface SourceKind<Mat> extends BlueprintKind {
  readonly blueprint: Source<this["out"], Mat>;
}

/** Where a stream begins: a blueprint with one open outlet. Immutable; each run is a run of its own. */
export class Source<out Out, out Mat = void>
  extends LinearOperators<Out, SourceKind<Mat>>
  implements Graph<SourceShape<Out>, Mat>
{
  readonly shape: SourceShape<Out>;
  readonly module: Module;
  declare readonly "~materialized"?: Mat;

  private constructor(module: Module) {
    super();
    this.shape = new SourceShape(new Outlet<Out>("source.out"));
    this.module = module;
  }

  static fromStage<Out, Mat>(stage: GraphStage<SourceShape<Out>, Mat>): Source<Out, Mat> {
    return new Source<Out, Mat>(stage.module);
  }

  /** Any blueprint with one open outlet. */
  static fromGraph<Out, Mat>(graph: Graph<SourceShape<Out>, Mat>): Source<Out, Mat> {
    return new Source<Out, Mat>(graph.module);
  }

  /** {@link fromIterable}, {@link fromAsyncIterable} */
  static from<T>(elements: Iterable<T> | AsyncIterable<T>): Source<T> {
    if (Symbol.asyncIterator in elements) return Source.fromStage(fromAsyncIterable(elements));
    return Source.fromStage(fromIterable(elements));
  }

  /** One element, then the end. */
  static single<T>(element: T): Source<T> {
    return Source.from([element]);
  }

  /** The end at once. */
  static empty<T = never>(): Source<T> {
    return Source.from<T>([]);
  }

  /** {@link failed} */
  static failed<T = never>(error: Error): Source<T> {
    return Source.fromStage(failed<T>(error));
  }

  /** {@link never} */
  static never<T = never>(): Source<T> {
    return Source.fromStage(never<T>());
  }

  /** {@link tick} */
  static tick<T>(initialDelayMs: number, intervalMs: number, element: T): Source<T> {
    return Source.fromStage(tick(initialDelayMs, intervalMs, element));
  }

  /** {@link queue} */
  static queue<T>(bufferMax: number): Source<T, SourceQueue<T>> {
    return Source.fromStage(queue<T>(bufferMax));
  }

  /** {@link fromObservable} */
  static fromObservable<T>(observable: Observable<T>, settings: ObservableBuffer): Source<T> {
    return Source.fromStage(fromObservable(observable, settings));
  }

  via<T>(flow: Graph<FlowShape<Out, T>, unknown>): Source<T, Mat> {
    return this.viaMat(flow, Keep.left<Mat>);
  }

  /** Attaches a flow, and makes the materialised value of both. */
  viaMat<T, M, R>(flow: Graph<FlowShape<Out, T>, M>, combine: (left: Mat, right: M) => R): Source<T, R> {
    const ends = { inlet: false, outlet: true };
    return new Source(inSeries(this.module, flow.module, ends, combine as (left: unknown, right: unknown) => unknown));
  }

  /** Attaches a sink; keeps the own materialised value. */
  to(sink: Graph<SinkShape<Out>, unknown>): RunnableGraph<Mat> {
    return this.toMat(sink, Keep.left<Mat>);
  }

  /** Attaches a sink, and makes the materialised value of both. */
  toMat<M, R>(sink: Graph<SinkShape<Out>, M>, combine: (left: Mat, right: M) => R): RunnableGraph<R> {
    const ends = { inlet: false, outlet: false };
    return new RunnableGraph(
      inSeries(this.module, sink.module, ends, combine as (left: unknown, right: unknown) => unknown),
    );
  }

  /** Runs into a sink and gives the sink's materialised value. */
  runWith<M>(sink: Graph<SinkShape<Out>, M>, system: ActorSystem, options?: RunOptions): M {
    return this.toMat(sink, (_, right: M) => right).run(system, options);
  }

  /** Runs into a sink, and says when and how it ended. */
  runWatched<M>(sink: Graph<SinkShape<Out>, M>, system: ActorSystem, options?: RunOptions): RunningGraph<M> {
    return this.toMat(sink, (_, right: M) => right).runWatched(system, options);
  }

  mapMaterializedValue<R>(map: (materialized: Mat) => R): Source<Out, R> {
    return new Source({ kind: "mapped", inner: this.module, map: map as (value: unknown) => unknown });
  }

  /** The name of its stage, or the first part of the names of its stages, in errors and logs. */
  named(name: string): Source<Out, Mat> {
    return new Source({ kind: "named", inner: this.module, name });
  }

  /** Everything so far runs on an island of its own. */
  async(): Source<Out, Mat> {
    return new Source({ kind: "island", inner: this.module });
  }
}
