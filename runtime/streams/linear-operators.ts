import type { Graph } from "./graph-stage.ts";
import { backpressureTimeout } from "./operators/backpressure-timeout.ts";
import { batch, conflate } from "./operators/batch.ts";
import { buffer, type OverflowStrategy } from "./operators/buffer.ts";
import { collect } from "./operators/collect.ts";
import { completionTimeout } from "./operators/completion-timeout.ts";
import { debounce } from "./operators/debounce.ts";
import { delay, type DelayOverflow } from "./operators/delay.ts";
import { drop } from "./operators/drop.ts";
import { dropWhile } from "./operators/drop-while.ts";
import { dropWithin } from "./operators/drop-within.ts";
import { expand, extrapolate } from "./operators/expand.ts";
import { filter } from "./operators/filter.ts";
import { fold } from "./operators/fold.ts";
import { grouped } from "./operators/grouped.ts";
import { groupedWeightedWithin, type GroupLimits } from "./operators/grouped-weighted-within.ts";
import { groupedWithin } from "./operators/grouped-within.ts";
import { idleTimeout } from "./operators/idle-timeout.ts";
import { initialDelay } from "./operators/initial-delay.ts";
import { initialTimeout } from "./operators/initial-timeout.ts";
import { intersperse } from "./operators/intersperse.ts";
import { keepAlive } from "./operators/keep-alive.ts";
import { limit } from "./operators/limit.ts";
import { log } from "./operators/log.ts";
import { map } from "./operators/map.ts";
import { mapAsync } from "./operators/map-async.ts";
import { mapAsyncPartitioned } from "./operators/map-async-partitioned.ts";
import { mapAsyncUnordered } from "./operators/map-async-unordered.ts";
import { mapConcat } from "./operators/map-concat.ts";
import { mapError } from "./operators/map-error.ts";
import { onErrorComplete } from "./operators/on-error-complete.ts";
import { pooled, type PooledSettings } from "./operators/pooled.ts";
import type { Eventually } from "./operators/promise-result.ts";
import { recover } from "./operators/recover.ts";
import { recoverWith } from "./operators/recover-with.ts";
import { reduce } from "./operators/reduce.ts";
import { scan } from "./operators/scan.ts";
import { scanAsync } from "./operators/scan-async.ts";
import { sliding } from "./operators/sliding.ts";
import { closureMap, statefulMap } from "./operators/stateful-map.ts";
import { take } from "./operators/take.ts";
import { takeWhile } from "./operators/take-while.ts";
import { takeWithin } from "./operators/take-within.ts";
import { throttle, type ThrottleSettings } from "./operators/throttle.ts";
import { zipWithIndex } from "./operators/zip-with-index.ts";
import type { FlowShape, SourceShape } from "./shape.ts";

/** Says which blueprint an operator gives: a source stays a source, a flow stays a flow. */
export interface BlueprintKind {
  readonly out: unknown;
  readonly blueprint: unknown;
  /** What it becomes with a sink. */
  readonly ended: unknown;
}

export type BlueprintOf<K extends BlueprintKind, Out> = (K & { readonly out: Out })["blueprint"];

/** The operators that sources and flows share. What each promises is said where it is made, in `operators/`. */
export abstract class LinearOperators<Out, K extends BlueprintKind> {
  /** Attaches a flow; its materialised value is dropped. */
  abstract via<T>(flow: Graph<FlowShape<Out, T>, unknown>): BlueprintOf<K, T>;

  /** {@link map} */
  map<T>(change: (element: Out) => T): BlueprintOf<K, T> {
    return this.via(map(change));
  }

  /** {@link filter} */
  filter(keeps: (element: Out) => boolean): BlueprintOf<K, Out> {
    return this.via(filter(keeps));
  }

  /** {@link mapConcat} */
  mapConcat<T>(expand: (element: Out) => Iterable<T>): BlueprintOf<K, T> {
    return this.via(mapConcat(expand));
  }

  /** {@link take} */
  take(count: number): BlueprintOf<K, Out> {
    return this.via(take<Out>(count));
  }

  /** {@link mapAsync} */
  mapAsync<T>(parallelism: number, change: (element: Out) => Promise<T> | T): BlueprintOf<K, T> {
    return this.via(mapAsync(parallelism, change));
  }

  /** {@link pooled} */
  pooled<T>(module: URL, exportName: string, settings: PooledSettings): BlueprintOf<K, T> {
    return this.via(pooled<Out, T>(module, exportName, settings));
  }

  /** {@link statefulMap} */
  statefulMap<T, S>(
    create: () => S,
    change: (state: S, element: Out) => readonly [state: S, element: T],
    onComplete?: (state: S) => T | undefined,
  ): BlueprintOf<K, T>;
  /** {@link closureMap} */
  statefulMap<T>(create: () => (element: Out) => T): BlueprintOf<K, T>;
  statefulMap<T, S>(
    create: () => S,
    change?: (state: S, element: Out) => readonly [state: S, element: T],
    onComplete?: (state: S) => T | undefined,
  ): BlueprintOf<K, T> {
    if (change === undefined) return this.via(closureMap(create as () => (element: Out) => T));
    return this.via(statefulMap(create, change, onComplete));
  }

  /** {@link fold} */
  fold<T>(zero: T, add: (sum: T, element: Out) => T): BlueprintOf<K, T> {
    return this.via(fold(zero, add));
  }

  /** {@link scan} */
  scan<T>(zero: T, add: (sum: T, element: Out) => T): BlueprintOf<K, T> {
    return this.via(scan(zero, add));
  }

  /** {@link grouped} */
  grouped(count: number): BlueprintOf<K, Out[]> {
    return this.via(grouped<Out>(count));
  }

  /** {@link groupedWithin} */
  groupedWithin(count: number, intervalMs: number): BlueprintOf<K, Out[]> {
    return this.via(groupedWithin<Out>(count, intervalMs));
  }

  /** {@link buffer} */
  buffer(elementsMax: number, strategy: OverflowStrategy): BlueprintOf<K, Out> {
    return this.via(buffer<Out>(elementsMax, strategy));
  }

  /** {@link log} */
  log(sentence: string): BlueprintOf<K, Out> {
    return this.via(log<Out>(sentence));
  }

  /** {@link recover} */
  recover<T>(last: (error: Error) => T | undefined): BlueprintOf<K, Out | T> {
    return this.via(recover<Out, T>(last));
  }

  /** {@link collect} */
  collect<T>(pick: (element: Out) => T | undefined): BlueprintOf<K, T> {
    return this.via(collect(pick));
  }

  /** {@link takeWhile} */
  takeWhile(keeps: (element: Out) => boolean, inclusive = false): BlueprintOf<K, Out> {
    return this.via(takeWhile(keeps, inclusive));
  }

  /** {@link takeWithin} */
  takeWithin(durationMs: number): BlueprintOf<K, Out> {
    return this.via(takeWithin<Out>(durationMs));
  }

  /** {@link drop} */
  drop(count: number): BlueprintOf<K, Out> {
    return this.via(drop<Out>(count));
  }

  /** {@link dropWhile} */
  dropWhile(drops: (element: Out) => boolean): BlueprintOf<K, Out> {
    return this.via(dropWhile(drops));
  }

  /** {@link dropWithin} */
  dropWithin(durationMs: number): BlueprintOf<K, Out> {
    return this.via(dropWithin<Out>(durationMs));
  }

  /** {@link reduce} */
  reduce(add: (sum: Out, element: Out) => Out): BlueprintOf<K, Out> {
    return this.via(reduce(add));
  }

  /** {@link scanAsync} */
  scanAsync<T>(zero: T, add: (sum: T, element: Out) => Eventually<T>): BlueprintOf<K, T> {
    return this.via(scanAsync(zero, add));
  }

  /** {@link sliding} */
  sliding(count: number, step = 1): BlueprintOf<K, Out[]> {
    return this.via(sliding<Out>(count, step));
  }

  /** {@link groupedWeightedWithin} */
  groupedWeightedWithin(limits: GroupLimits<Out>): BlueprintOf<K, Out[]> {
    return this.via(groupedWeightedWithin(limits));
  }

  /** {@link mapAsyncUnordered} */
  mapAsyncUnordered<T>(parallelism: number, change: (element: Out) => Eventually<T>): BlueprintOf<K, T> {
    return this.via(mapAsyncUnordered(parallelism, change));
  }

  /** {@link mapAsyncPartitioned} */
  mapAsyncPartitioned<T, Key>(
    parallelism: number,
    keyOf: (element: Out) => Key,
    change: (element: Out, key: Key) => Eventually<T>,
  ): BlueprintOf<K, T> {
    return this.via(mapAsyncPartitioned(parallelism, keyOf, change));
  }

  /** {@link conflate} */
  conflate(add: (sum: Out, element: Out) => Out): BlueprintOf<K, Out> {
    return this.via(conflate((element: Out) => element, add));
  }

  /** {@link conflate} */
  conflateWithSeed<T>(seed: (element: Out) => T, add: (sum: T, element: Out) => T): BlueprintOf<K, T> {
    return this.via(conflate(seed, add));
  }

  /** {@link batch} */
  batch<T>(countMax: number, seed: (element: Out) => T, add: (batch: T, element: Out) => T): BlueprintOf<K, T> {
    return this.via(batch({ weightMax: countMax, seed, add }));
  }

  /** {@link batch} */
  batchWeighted<T>(
    weightMax: number,
    weigh: (element: Out) => number,
    seed: (element: Out) => T,
    add: (batch: T, element: Out) => T,
  ): BlueprintOf<K, T> {
    return this.via(batch({ weightMax, weigh, seed, add }));
  }

  /** {@link expand} */
  expand<T>(more: (element: Out) => Iterable<T>): BlueprintOf<K, T> {
    return this.via(expand(more));
  }

  /** {@link extrapolate} */
  extrapolate(more: (element: Out) => Iterable<Out>, initial?: Out): BlueprintOf<K, Out> {
    return this.via(extrapolate(more, initial));
  }

  /** {@link throttle} */
  throttle(elements: number, perMs: number, burst?: number, settings?: ThrottleSettings<Out>): BlueprintOf<K, Out> {
    return this.via(throttle(elements, perMs, burst, settings));
  }

  /** {@link delay} */
  delay(delayMs: number, overflow: DelayOverflow, elementsMax = 16): BlueprintOf<K, Out> {
    return this.via(delay<Out>(delayMs, overflow, elementsMax));
  }

  /** {@link debounce} */
  debounce(quietMs: number): BlueprintOf<K, Out> {
    return this.via(debounce<Out>(quietMs));
  }

  /** {@link initialDelay} */
  initialDelay(delayMs: number): BlueprintOf<K, Out> {
    return this.via(initialDelay<Out>(delayMs));
  }

  /** {@link initialTimeout} */
  initialTimeout(timeoutMs: number): BlueprintOf<K, Out> {
    return this.via(initialTimeout<Out>(timeoutMs));
  }

  /** {@link completionTimeout} */
  completionTimeout(timeoutMs: number): BlueprintOf<K, Out> {
    return this.via(completionTimeout<Out>(timeoutMs));
  }

  /** {@link idleTimeout} */
  idleTimeout(timeoutMs: number): BlueprintOf<K, Out> {
    return this.via(idleTimeout<Out>(timeoutMs));
  }

  /** {@link backpressureTimeout} */
  backpressureTimeout(timeoutMs: number): BlueprintOf<K, Out> {
    return this.via(backpressureTimeout<Out>(timeoutMs));
  }

  /** {@link keepAlive} */
  keepAlive<T>(idleMs: number, inject: () => T): BlueprintOf<K, Out | T> {
    return this.via(keepAlive<Out, T>(idleMs, inject));
  }

  /** {@link limit} */
  limit(countMax: number): BlueprintOf<K, Out> {
    return this.via(limit<Out>(countMax));
  }

  /** {@link limit} */
  limitWeighted(weightMax: number, weigh: (element: Out) => number): BlueprintOf<K, Out> {
    return this.via(limit(weightMax, weigh));
  }

  /** {@link zipWithIndex} */
  zipWithIndex(): BlueprintOf<K, [element: Out, index: number]> {
    return this.via(zipWithIndex<Out>());
  }

  /** {@link intersperse} */
  intersperse<T>(between: T): BlueprintOf<K, Out | T>;
  intersperse<T>(start: T | undefined, between: T, end: T | undefined): BlueprintOf<K, Out | T>;
  intersperse<T>(first: T | undefined, between?: T, end?: T): BlueprintOf<K, Out | T> {
    // With one argument it is the mark between elements.
    if (between === undefined) return this.via(intersperse<Out, T>(undefined, first as T, undefined));
    return this.via(intersperse<Out, T>(first, between, end));
  }

  /** {@link recoverWith} */
  recoverWith<T>(
    attemptsMax: number,
    other: (error: Error) => Graph<SourceShape<T>, unknown> | undefined,
  ): BlueprintOf<K, Out | T> {
    return this.via(recoverWith<Out, T>(attemptsMax, other));
  }

  /** {@link mapError} */
  mapError(change: (error: Error) => Error): BlueprintOf<K, Out> {
    return this.via(mapError<Out>(change));
  }

  /** {@link onErrorComplete} */
  onErrorComplete(covers?: (error: Error) => boolean): BlueprintOf<K, Out> {
    return this.via(onErrorComplete<Out>(covers));
  }
}
