import type { Module } from "./blueprint.ts";
import { type Graph, type GraphStage, Inlet } from "./graph-stage.ts";
import { cancelled, collect, foldInto, foreach, head } from "./operators/consume.ts";
import { sinkQueue, type SinkQueue, toAsyncIterable } from "./operators/sink-queue.ts";
import { SinkShape } from "./shape.ts";

/** Where a stream ends: a blueprint with one open inlet. Immutable; each run is a run of its own. */
export class Sink<In, out Mat = void> implements Graph<SinkShape<In>, Mat> {
  readonly shape: SinkShape<In>;
  readonly module: Module;
  declare readonly "~materialized"?: Mat;

  private constructor(module: Module) {
    this.shape = new SinkShape(new Inlet<In>("sink.in"));
    this.module = module;
  }

  static fromStage<In, Mat>(stage: GraphStage<SinkShape<In>, Mat>): Sink<In, Mat> {
    return new Sink<In, Mat>(stage.module);
  }

  /** Any blueprint with one open inlet. */
  static fromGraph<In, Mat>(graph: Graph<SinkShape<In>, Mat>): Sink<In, Mat> {
    return new Sink<In, Mat>(graph.module);
  }

  /** @internal */
  static fromModule<In, Mat>(module: Module): Sink<In, Mat> {
    return new Sink<In, Mat>(module);
  }

  /** {@link foreach} */
  static foreach<T>(run: (element: T) => void): Sink<T, Promise<void>> {
    return Sink.fromStage(foreach(run));
  }

  /** Takes everything and does nothing with it. */
  static ignore<T = unknown>(): Sink<T, Promise<void>> {
    return Sink.fromStage(foreach<T>(() => {}));
  }

  /** {@link collect} */
  static collect<T>(elementsMax?: number): Sink<T, Promise<T[]>> {
    return Sink.fromStage(collect<T>(elementsMax));
  }

  /** {@link head} */
  static head<T>(): Sink<T, Promise<T>> {
    return Sink.fromStage(head<T>());
  }

  /** {@link foldInto} */
  static fold<T, R>(zero: R, add: (sum: R, element: T) => R): Sink<T, Promise<R>> {
    return Sink.fromStage(foldInto(zero, add));
  }

  /** {@link cancelled} */
  static cancelled<T = unknown>(): Sink<T> {
    return Sink.fromStage(cancelled<T>());
  }

  /** {@link sinkQueue} */
  static queue<T>(bufferMax = 16): Sink<T, SinkQueue<T>> {
    return Sink.fromStage(sinkQueue<T>(bufferMax));
  }

  /** {@link toAsyncIterable} */
  static toAsyncIterable<T>(bufferMax = 16): Sink<T, AsyncIterableIterator<T>> {
    return Sink.fromStage(toAsyncIterable<T>(bufferMax));
  }

  mapMaterializedValue<R>(map: (materialized: Mat) => R): Sink<In, R> {
    return new Sink({ kind: "mapped", inner: this.module, map: map as (value: unknown) => unknown });
  }

  /** The name of its stage, or the first part of the names of its stages, in errors and logs. */
  named(name: string): Sink<In, Mat> {
    return new Sink({ kind: "named", inner: this.module, name });
  }

  /** It runs on an island of its own. */
  async(): Sink<In, Mat> {
    return new Sink({ kind: "island", inner: this.module });
  }
}
