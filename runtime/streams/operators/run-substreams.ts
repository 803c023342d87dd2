import { inSeries } from "../blueprint.ts";
import type { Graph, GraphStage } from "../graph-stage.ts";
import { SinkLogic, sinkStage } from "../linear-stage.ts";
import { materialize } from "../materializer.ts";
import type { SinkShape, SourceShape } from "../shape.ts";

/**
 * Runs each substream into a sink of its own.
 *
 * Emits:         nothing. What the sinks materialise is dropped.
 * Backpressures: never; the substreams do, each at the pace of its sink.
 * Completes:     when upstream completes; substreams go on to their own end.
 * Cancels:       never by itself.
 * State:         none; what makes the substreams bounds how many there are.
 * Delivery:      each element to the sink of its substream. One that fails is logged, and leaves the others.
 */
export function runSubstreams<In, Out>(
  sourceOf: (element: In) => Graph<SourceShape<Out>, unknown>,
  sink: Graph<SinkShape<Out>, unknown>,
): GraphStage<SinkShape<In>> {
  return sinkStage<In>("runSubstreams", (shape) => new RunSubstreamsLogic(shape, sourceOf, sink));
}

class RunSubstreamsLogic<In, Out> extends SinkLogic<In> {
  readonly #sourceOf: (element: In) => Graph<SourceShape<Out>, unknown>;
  readonly #sink: Graph<SinkShape<Out>, unknown>;

  constructor(
    shape: SinkShape<In>,
    sourceOf: (element: In) => Graph<SourceShape<Out>, unknown>,
    sink: Graph<SinkShape<Out>, unknown>,
  ) {
    super(shape);
    this.#sourceOf = sourceOf;
    this.#sink = sink;
  }

  onPush(): void {
    const { module } = this.#sourceOf(this.grab(this.in));
    const substream = inSeries(module, this.#sink.module, { inlet: false, outlet: false }, () => undefined);
    materialize(substream, this.system, { name: this.stageName });
    this.pull(this.in);
  }
}
