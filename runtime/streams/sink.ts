import type { Readable } from "node:stream";
import type { Observable } from "rxjs";
import { type AsyncSettings, inSeries, island, type Module } from "./blueprint.ts";
import { type Graph, type GraphStage, Inlet } from "./graph-stage.ts";
import { cancelled, collect, foldInto, foreach, head } from "./operators/consume.ts";
import { asObservable } from "./operators/as-observable.ts";
import { headOption, last, lastOption, reduceInto } from "./operators/consume-one.ts";
import { lazySink } from "./operators/lazy-sink.ts";
import { mapAsync } from "./operators/map-async.ts";
import { onComplete } from "./operators/on-complete.ts";
import { toReadable } from "./operators/to-readable.ts";
import { sinkQueue, type SinkQueue, toAsyncIterable } from "./operators/sink-queue.ts";
import { toPublisher } from "./operators/to-publisher.ts";
import type { Publisher } from "./publisher.ts";
import { SinkShape } from "./shape.ts";
import type { Decider } from "./supervised-stage.ts";

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

  /** Takes everything and does nothing with it. {@link foreach} */
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

  /** Calls a function that may take its time, for up to `parallelism` elements at once. {@link mapAsync}, {@link foreach} */
  static foreachAsync<T>(parallelism: number, run: (element: T) => Promise<void>): Sink<T, Promise<void>> {
    const calling = mapAsync(parallelism, async (element: T) => {
      await run(element);
      // `mapAsync` takes undefined for no element.
      return true;
    }).module;
    const waiting = foreach(() => {}).module;
    return new Sink(inSeries(calling, waiting, { inlet: true, outlet: false }, (_, done) => done));
  }

  /** {@link reduceInto} */
  static reduce<T>(add: (sum: T, element: T) => T): Sink<T, Promise<T>> {
    return Sink.fromStage(reduceInto(add));
  }

  /** {@link headOption} */
  static headOption<T>(): Sink<T, Promise<T | undefined>> {
    return Sink.fromStage(headOption<T>());
  }

  /** {@link last} */
  static last<T>(): Sink<T, Promise<T>> {
    return Sink.fromStage(last<T>());
  }

  /** {@link lastOption} */
  static lastOption<T>(): Sink<T, Promise<T | undefined>> {
    return Sink.fromStage(lastOption<T>());
  }

  /** {@link onComplete} */
  static onComplete<T = unknown>(run: (error?: Error) => void): Sink<T> {
    return Sink.fromStage(onComplete<T>(run));
  }

  /** {@link asObservable} */
  static asObservable<T>(): Sink<T, Observable<T>> {
    return Sink.fromStage(asObservable<T>());
  }

  /** {@link toReadable} */
  static toReadable<T>(bufferMax = 16): Sink<T, Readable> {
    return Sink.fromStage(toReadable<T>(bufferMax));
  }

  /** {@link lazySink} */
  static lazy<T>(create: () => Graph<SinkShape<T>, unknown>): Sink<T> {
    return Sink.fromStage(lazySink(create));
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

  /** {@link toPublisher} */
  static asPublisher<T>(fanout = false): Sink<T, Publisher<T>> {
    return Sink.fromStage(toPublisher<T>(fanout));
  }

  mapMaterializedValue<R>(map: (materialized: Mat) => R): Sink<In, R> {
    return new Sink({ kind: "mapped", inner: this.module, map: map as (value: unknown) => unknown });
  }

  /** The name of its stage, or the first part of the names of its stages, in errors and logs. */
  named(name: string): Sink<In, Mat> {
    return new Sink({ kind: "named", inner: this.module, name });
  }

  /** {@link Decider}: what supervised stages in it do when their function throws. A decider set nearer to a stage counts. */
  withSupervision(decider: Decider): Sink<In, Mat> {
    return new Sink({ kind: "supervised", inner: this.module, decider });
  }

  /** It runs on an island of its own. {@link AsyncSettings} */
  async(settings?: AsyncSettings): Sink<In, Mat> {
    return new Sink(island(this.module, settings));
  }
}
