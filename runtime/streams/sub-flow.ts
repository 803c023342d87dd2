import { type AsyncSettings, inSeries, island, type Module } from "./blueprint.ts";
import { CompositionOperators } from "./composition-operators.ts";
import { type Graph, type GraphStage, Outlet } from "./graph-stage.ts";
import type { BlueprintKind, BlueprintOf } from "./linear-operators.ts";
import { flatMapMerge } from "./operators/flat-map-merge.ts";
import { runSubstreams } from "./operators/run-substreams.ts";
import { type FlowShape, type SinkShape, SourceShape } from "./shape.ts";
import type { Decider } from "./supervised-stage.ts";

interface SubFlowKind<In, K extends BlueprintKind> extends BlueprintKind {
  readonly blueprint: SubFlow<In, this["out"], K>;
  readonly ended: K["ended"];
}

/** What a source or flow offers for substreams to come back to it. */
export interface Mainstream<In, K extends BlueprintKind> {
  /** Attaches what joins the substreams again. */
  via<T>(flow: Graph<FlowShape<GraphStage<SourceShape<In>>, T>, unknown>): BlueprintOf<K, T>;
  /** Attaches what ends each of them. */
  to(sink: Graph<SinkShape<GraphStage<SourceShape<In>>>, unknown>): K["ended"];
}

/**
 * The substreams of a stream: operators apply to each of them, until they are joined again, or each ends in a sink. Immutable.
 *
 * Each substream runs on an island of its own.
 */
export class SubFlow<In, out Out, K extends BlueprintKind> extends CompositionOperators<Out, SubFlowKind<In, K>> {
  readonly #mainstream: Mainstream<In, K>;
  readonly #breadth: number;
  /** What was attached to each substream, if anything. */
  readonly #attached: Module | undefined;

  private constructor(mainstream: Mainstream<In, K>, breadth: number, attached: Module | undefined) {
    super();
    this.#mainstream = mainstream;
    this.#breadth = breadth;
    this.#attached = attached;
  }

  /**
   * @param breadth Substreams that run at once, at most, where nobody says.
   * @internal
   */
  static of<In, K extends BlueprintKind>(mainstream: Mainstream<In, K>, breadth: number): SubFlow<In, In, K> {
    return new SubFlow<In, In, K>(mainstream, breadth, undefined);
  }

  via<T>(flow: Graph<FlowShape<Out, T>, unknown>): SubFlow<In, T, K> {
    const before = this.#attached;
    return this.#with(before === undefined ? flow.module : inSeries(before, flow.module, bothOpen, nothing));
  }

  /** The first part of the names of the stages attached so far, in errors and logs. */
  named(name: string): SubFlow<In, Out, K> {
    return this.#wrapped((inner) => ({ kind: "named", inner, name }));
  }

  /** {@link Decider}: what supervised stages attached so far do when their function throws. */
  withSupervision(decider: Decider): SubFlow<In, Out, K> {
    return this.#wrapped((inner) => ({ kind: "supervised", inner, decider }));
  }

  /** What is attached so far runs on an island of its own in each substream. {@link AsyncSettings} */
  async(settings?: AsyncSettings): SubFlow<In, Out, K> {
    return this.#wrapped((inner) => island(inner, settings));
  }

  /** Joins all substreams as their elements come. {@link flatMapMerge} */
  mergeSubstreams(): BlueprintOf<K, Out> {
    return this.mergeSubstreamsWithParallelism(this.#breadth);
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

  /** {@link runSubstreams} */
  to(sink: Graph<SinkShape<Out>, unknown>): K["ended"] {
    return this.#mainstream.to(runSubstreams<GraphStage<SourceShape<In>>, Out>((stage) => this.#runnable(stage), sink));
  }

  #with<T>(attached: Module | undefined): SubFlow<In, T, K> {
    return new SubFlow<In, T, K>(this.#mainstream, this.#breadth, attached);
  }

  #wrapped(wrap: (inner: Module) => Module): SubFlow<In, Out, K> {
    return this.#with(this.#attached === undefined ? undefined : wrap(this.#attached));
  }

  #runnable(stage: GraphStage<SourceShape<In>>): Graph<SourceShape<Out>, unknown> {
    const outOpen = { inlet: false, outlet: true };
    const module =
      this.#attached === undefined ? stage.module : inSeries(stage.module, this.#attached, outOpen, nothing);
    return { shape: new SourceShape(new Outlet<Out>("substream.out")), module };
  }
}

const bothOpen = { inlet: true, outlet: true };

function nothing(): undefined {
  return undefined;
}
