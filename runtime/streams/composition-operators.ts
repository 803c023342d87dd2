import { feeding, fedBy } from "./composed-flow.ts";
import type { Graph } from "./graph-stage.ts";
import { Broadcast } from "./junctions/broadcast.ts";
import { Concat } from "./junctions/concat.ts";
import { Interleave } from "./junctions/interleave.ts";
import { Merge } from "./junctions/merge.ts";
import { MergeLatest } from "./junctions/merge-latest.ts";
import { MergePreferred } from "./junctions/merge-preferred.ts";
import { MergeSorted } from "./junctions/merge-sorted.ts";
import { OrElse } from "./junctions/or-else.ts";
import { Partition } from "./junctions/partition.ts";
import { WireTap } from "./junctions/wire-tap.ts";
import { Zip } from "./junctions/zip.ts";
import { ZipAll } from "./junctions/zip-all.ts";
import { ZipLatest } from "./junctions/zip-latest.ts";
import { ZipWith } from "./junctions/zip-with.ts";
import { type BlueprintKind, type BlueprintOf, LinearOperators } from "./linear-operators.ts";
import { foreach } from "./operators/consume.ts";
import { flatMapMerge } from "./operators/flat-map-merge.ts";
import type { SinkShape, SourceShape } from "./shape.ts";

type Other<T> = Graph<SourceShape<T>, unknown>;

/**
 * The operators that join a stream with others, shared by sources and flows. The materialised values of the others are dropped:
 * where one is wanted, build with `GraphDSL`.
 */
export abstract class CompositionOperators<Out, K extends BlueprintKind> extends LinearOperators<Out, K> {
  /** Then the other. {@link Concat} */
  concat<T>(other: Other<T>): BlueprintOf<K, Out | T> {
    return this.via<Out | T>(fedBy(new Concat<Out | T>(), 0, other));
  }

  /** First the other. {@link Concat} */
  prepend<T>(other: Other<T>): BlueprintOf<K, Out | T> {
    return this.via<Out | T>(fedBy(new Concat<Out | T>(), 1, other));
  }

  /** {@link OrElse} */
  orElse<T>(other: Other<T>): BlueprintOf<K, Out | T> {
    return this.via<Out | T>(fedBy(new OrElse<Out | T>(), 0, other));
  }

  /** {@link Interleave} */
  interleave<T>(other: Other<T>, segmentSize: number, eagerClose = false): BlueprintOf<K, Out | T> {
    return this.via<Out | T>(fedBy(new Interleave<Out | T>(2, segmentSize, eagerClose), 0, other));
  }

  /** {@link Merge} */
  merge<T>(other: Other<T>): BlueprintOf<K, Out | T> {
    return this.via<Out | T>(fedBy(new Merge<Out | T>(2), 0, other));
  }

  /** {@link MergeSorted} */
  mergeSorted<T>(other: Other<T>, compare: (a: Out | T, b: Out | T) => number): BlueprintOf<K, Out | T> {
    return this.via<Out | T>(fedBy(new MergeSorted<Out | T>(compare), 0, other));
  }

  /** {@link MergeLatest} */
  mergeLatest<T>(other: Other<T>, eagerComplete = false): BlueprintOf<K, (Out | T)[]> {
    return this.via<(Out | T)[]>(fedBy(new MergeLatest<Out | T>(2, eagerComplete), 0, other));
  }

  /** The other is the preferred one. {@link MergePreferred} */
  mergePreferred<T>(other: Other<T>, eagerComplete = false): BlueprintOf<K, Out | T> {
    return this.via<Out | T>(fedBy(new MergePreferred<Out | T>(1, eagerComplete), 1, other));
  }

  /** {@link Zip} */
  zip<T>(other: Other<T>): BlueprintOf<K, readonly [Out, T]> {
    return this.via<readonly [Out, T]>(fedBy(new Zip<readonly [Out, T]>(2), 0, other));
  }

  /** {@link ZipAll} */
  zipAll<T>(other: Other<T>, ownFiller: Out, otherFiller: T): BlueprintOf<K, readonly [Out, T]> {
    const fillers = [ownFiller, otherFiller] as const;
    return this.via<readonly [Out, T]>(fedBy(new ZipAll<readonly [Out, T]>(fillers), 0, other));
  }

  /** {@link ZipWith} */
  zipWith<T, R>(other: Other<T>, combine: (own: Out, other: T) => R): BlueprintOf<K, R> {
    return this.via<R>(fedBy(new ZipWith<[Out, T], R>(2, combine), 0, other));
  }

  /** {@link ZipLatest} */
  zipLatest<T>(other: Other<T>, eagerComplete = true): BlueprintOf<K, readonly [Out, T]> {
    return this.via<readonly [Out, T]>(fedBy(new ZipLatest<readonly [Out, T]>(2, eagerComplete), 0, other));
  }

  /** To the sink as well; ends when either does, and goes at the pace of the slower. {@link Broadcast} */
  alsoTo(sink: Graph<SinkShape<Out>, unknown>): BlueprintOf<K, Out> {
    return this.via<Out>(feeding(new Broadcast<Out>(2, undefined, true), sink));
  }

  /** To the sink instead, where `diverts(element)`; ends when either does. {@link Partition} */
  divertTo(sink: Graph<SinkShape<Out>, unknown>, diverts: (element: Out) => boolean): BlueprintOf<K, Out> {
    return this.via<Out>(feeding(new Partition<Out>(2, (element) => (diverts(element) ? 1 : 0), true), sink));
  }

  /** {@link WireTap} */
  wireTap(tap: Graph<SinkShape<Out>, unknown> | ((element: Out) => void)): BlueprintOf<K, Out> {
    return this.via<Out>(feeding(new WireTap<Out>(), typeof tap === "function" ? foreach(tap) : tap));
  }

  /** One source after another. {@link flatMapMerge} */
  flatMapConcat<T>(change: (element: Out) => Graph<SourceShape<T>, unknown>): BlueprintOf<K, T> {
    return this.via(flatMapMerge(1, change));
  }

  /** {@link flatMapMerge} */
  flatMapMerge<T>(breadth: number, change: (element: Out) => Graph<SourceShape<T>, unknown>): BlueprintOf<K, T> {
    return this.via(flatMapMerge(breadth, change));
  }
}
