import { inSeries, type Module } from "./blueprint.ts";
import { CompositionOperators } from "./composition-operators.ts";
import { type Graph, type GraphStage, Outlet } from "./graph-stage.ts";
import type { BlueprintKind, BlueprintOf } from "./linear-operators.ts";
import { flatMapMerge } from "./operators/flat-map-merge.ts";
import { type FlowShape, SourceShape } from "./shape.ts";

interface SubFlowKind<In, K extends BlueprintKind> extends BlueprintKind {
  readonly blueprint: SubFlow<In, this["out"], K>;
}

/** What a source or flow offers for substreams to come back to it. */
export interface Mainstream<In, K extends BlueprintKind> {
  /** Attaches what joins the substreams again. */
  via<T>(flow: Graph<FlowShape<GraphStage<SourceShape<In>>, T>, unknown>): BlueprintOf<K, T>;
  /** Substreams that run at once, at most, where nobody says. */
  readonly breadth: number;
}

/**
 * The substreams of a stream: operators apply to each of them, until they are joined again. Immutable.
 *
 * Each substream runs on an island of its own.
 */
export class SubFlow<In, out Out, K extends BlueprintKind> extends CompositionOperators<Out, SubFlowKind<In, K>> {
  readonly #mainstream: Mainstream<In, K>;
  /** What was attached to each substream. */
  readonly #steps: readonly Module[];

  private constructor(mainstream: Mainstream<In, K>, steps: readonly Module[]) {
    super();
    this.#mainstream = mainstream;
    this.#steps = steps;
  }

  /** @internal */
  static of<In, K extends BlueprintKind>(mainstream: Mainstream<In, K>): SubFlow<In, In, K> {
    return new SubFlow<In, In, K>(mainstream, []);
  }

  via<T>(flow: Graph<FlowShape<Out, T>, unknown>): SubFlow<In, T, K> {
    return new SubFlow<In, T, K>(this.#mainstream, [...this.#steps, flow.module]);
  }

  /** Joins all substreams as their elements come. {@link flatMapMerge} */
  mergeSubstreams(): BlueprintOf<K, Out> {
    return this.mergeSubstreamsWithParallelism(this.#mainstream.breadth);
  }

  /**
   * Joins up to `parallelism` substreams at a time. Where fewer run than `groupBy` has open, it can come to a standstill: an element
   * of one that does not run holds up all. {@link flatMapMerge}
   */
  mergeSubstreamsWithParallelism(parallelism: number): BlueprintOf<K, Out> {
    return this.#mainstream.via(flatMapMerge(parallelism, (stage) => this.#runnable(stage)));
  }

  /** Joins one substream after another; after `groupBy` it easily comes to a standstill. {@link flatMapMerge} */
  concatSubstreams(): BlueprintOf<K, Out> {
    return this.mergeSubstreamsWithParallelism(1);
  }

  #runnable(stage: GraphStage<SourceShape<In>>): Graph<SourceShape<Out>, unknown> {
    const ends = { inlet: false, outlet: true };
    let module = stage.module;
    for (const step of this.#steps) module = inSeries(module, step, ends, () => undefined);
    return { shape: new SourceShape(new Outlet<Out>("substream.out")), module };
  }
}
