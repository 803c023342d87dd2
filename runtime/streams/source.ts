import assert from "node:assert/strict";
import type { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import type { Observable } from "rxjs";
import type { ActorSystem } from "../actors/actor-system.ts";
import { type AsyncSettings, inSeries, island, type Module } from "./blueprint.ts";
import { type Graph, type GraphStage, Outlet } from "./graph-stage.ts";
import { Keep } from "./keep.ts";
import { CompositionOperators } from "./composition-operators.ts";
import type { BlueprintKind } from "./linear-operators.ts";
import type { RunOptions } from "./materializer.ts";
import { fromAsyncIterable } from "./operators/from-async-iterable.ts";
import { fromIterable } from "./operators/from-iterable.ts";
import { fromObservable, type ObservableBuffer } from "./operators/from-observable.ts";
import { fromPublisher } from "./operators/from-publisher.ts";
import { failed, never } from "./operators/endings.ts";
import { monitor, type StreamMonitor } from "./operators/monitor.ts";
import { cycle } from "./operators/cycle.ts";
import { fromReadable } from "./operators/from-readable.ts";
import { lazySource } from "./operators/lazy-source.ts";
import { repeat } from "./operators/repeat.ts";
import { queue, type SourceQueue } from "./operators/source-queue.ts";
import { groupBy } from "./operators/group-by.ts";
import { prefixAndTail } from "./operators/prefix-and-tail.ts";
import { partsMax, splitAfter, splitWhen } from "./operators/split.ts";
import { tick } from "./operators/tick.ts";
import { watchTermination } from "./operators/watch-termination.ts";
import { unfold } from "./operators/unfold.ts";
import { unfoldAsync } from "./operators/unfold-async.ts";
import { unfoldResource } from "./operators/unfold-resource.ts";
import type { Publisher } from "./publisher.ts";
import { RunnableGraph, type RunningGraph } from "./runnable-graph.ts";
import { type FlowShape, type SinkShape, SourceShape } from "./shape.ts";
import { SubFlow } from "./sub-flow.ts";
import type { Decider } from "./supervised-stage.ts";

interface SourceKind<Mat> extends BlueprintKind {
  readonly blueprint: Source<this["out"], Mat>;
  readonly ended: RunnableGraph<Mat>;
}

/** Where a stream begins: a blueprint with one open outlet. Immutable; each run is a run of its own. */
export class Source<out Out, out Mat = void>
  extends CompositionOperators<Out, SourceKind<Mat>>
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

  /** One element, then the end. {@link fromIterable} */
  static single<T>(element: T): Source<T> {
    return Source.from([element]);
  }

  /** The end at once. {@link fromIterable} */
  static empty<T = never>(): Source<T> {
    return Source.from<T>([]);
  }

  /** {@link repeat} */
  static repeat<T>(element: T): Source<T> {
    return Source.fromStage(repeat(element));
  }

  /** {@link cycle} */
  static cycle<T>(create: () => Iterable<T>): Source<T> {
    return Source.fromStage(cycle(create));
  }

  /** Numbers from `first` to `last`, both included, `step` apart. {@link unfold} */
  static range(first: number, last: number, step = 1): Source<number> {
    assert(step !== 0, "a range goes on");
    const beyond = step > 0 ? (value: number) => value > last : (value: number) => value < last;
    return Source.unfold(0, (index) => {
      const value = first + index * step;
      return beyond(value) ? undefined : [index + 1, value];
    });
  }

  /** {@link unfold} */
  static unfold<S, T>(initial: S, step: (state: S) => readonly [state: S, element: T] | undefined): Source<T> {
    return Source.fromStage(unfold(initial, step));
  }

  /** {@link unfoldAsync} */
  static unfoldAsync<S, T>(
    initial: S,
    step: (state: S) => Promise<readonly [state: S, element: T] | undefined>,
  ): Source<T> {
    return Source.fromStage(unfoldAsync(initial, step));
  }

  /** {@link unfoldResource} */
  static unfoldResource<R, T>(
    create: () => R,
    read: (resource: R) => T | undefined,
    close: (resource: R) => void,
  ): Source<T> {
    return Source.fromStage(unfoldResource(create, read, close));
  }

  /** {@link lazySource} */
  static lazy<T>(create: () => Graph<SourceShape<T>, unknown>): Source<T> {
    return Source.fromStage(lazySource(create));
  }

  /** {@link fromReadable} */
  static fromReadable<T = unknown>(readable: Readable | ReadableStream<T>): Source<T> {
    return Source.fromStage(fromReadable<T>(readable));
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

  /** {@link fromPublisher} */
  static fromPublisher<T>(publisher: Publisher<T>): Source<T> {
    return Source.fromStage(fromPublisher(publisher));
  }

  via<T>(flow: Graph<FlowShape<Out, T>, unknown>): Source<T, Mat> {
    return this.viaMat(flow, Keep.left<Mat>);
  }

  /** {@link groupBy} */
  groupBy<Key>(
    maxSubstreams: number,
    key: (element: Out) => Key,
    options: { readonly allowClosedSubstreamRecreation?: boolean } = {},
  ): SubFlow<Out, Out, SourceKind<Mat>> {
    const groups = this.via(groupBy(maxSubstreams, key, options.allowClosedSubstreamRecreation));
    return SubFlow.of<Out, SourceKind<Mat>>(groups, maxSubstreams);
  }

  /** {@link splitWhen} */
  splitWhen(predicate: (element: Out) => boolean): SubFlow<Out, Out, SourceKind<Mat>> {
    const parts = this.via(splitWhen(predicate));
    return SubFlow.of<Out, SourceKind<Mat>>(parts, partsMax);
  }

  /** {@link splitAfter} */
  splitAfter(predicate: (element: Out) => boolean): SubFlow<Out, Out, SourceKind<Mat>> {
    const parts = this.via(splitAfter(predicate));
    return SubFlow.of<Out, SourceKind<Mat>>(parts, partsMax);
  }

  /** {@link prefixAndTail} */
  prefixAndTail(count: number): Source<readonly [prefix: Out[], tail: Source<Out>], Mat> {
    return this.via(prefixAndTail<Out>(count)).map(([prefix, tail]) => [prefix, Source.fromStage(tail)]);
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

  /** {@link monitor} */
  monitor<R>(combine: (left: Mat, monitor: StreamMonitor<Out>) => R): Source<Out, R> {
    return this.viaMat(monitor<Out>(), combine);
  }

  /** {@link watchTermination} */
  watchTermination<R>(combine: (left: Mat, ended: Promise<void>) => R): Source<Out, R> {
    return this.viaMat(watchTermination<Out>(), combine);
  }

  mapMaterializedValue<R>(map: (materialized: Mat) => R): Source<Out, R> {
    return new Source({ kind: "mapped", inner: this.module, map: map as (value: unknown) => unknown });
  }

  /** The name of its stage, or the first part of the names of its stages, in errors and logs. */
  named(name: string): Source<Out, Mat> {
    return new Source({ kind: "named", inner: this.module, name });
  }

  /** {@link Decider}: what supervised stages in it do when their function throws. A decider set nearer to a stage counts. */
  withSupervision(decider: Decider): Source<Out, Mat> {
    return new Source({ kind: "supervised", inner: this.module, decider });
  }

  /** Everything so far runs on an island of its own. {@link AsyncSettings} */
  async(settings?: AsyncSettings): Source<Out, Mat> {
    return new Source(island(this.module, settings));
  }
}
