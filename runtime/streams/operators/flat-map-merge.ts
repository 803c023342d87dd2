import assert from "node:assert/strict";
import type { Graph, GraphStage } from "../graph-stage.ts";
import { FlowLogic, flowStage } from "../linear-stage.ts";
import { Ring } from "../ring.ts";
import type { FlowShape, SourceShape } from "../shape.ts";
import { SubSink } from "../sub-sink.ts";
import type { Decider } from "../supervised-stage.ts";

/**
 * Makes a source of each element, and joins what they give.
 *
 * Emits:         the elements of up to `breadth` sources at a time as they come; with a breadth of 1, of one source after another.
 * Backpressures: when `breadth` sources have not completed, or downstream does.
 * Completes:     when upstream and every source have completed.
 * Cancels:       upstream and every source when downstream cancels, or when any of them fails.
 * State:         `breadth` sources, each on an island of its own, and one element of each.
 * Delivery:      each element of each source once; order holds within a source. Fails where `change` throws. The decider counts for
 *                the stages of the sources too.
 *
 * @param breadth At least 1.
 */
export function flatMapMerge<In, Out>(
  breadth: number,
  change: (element: In) => Graph<SourceShape<Out>, unknown>,
): GraphStage<FlowShape<In, Out>> {
  assert(Number.isInteger(breadth) && breadth >= 1, "at least one source is open");
  const name = breadth === 1 ? "flatMapConcat" : "flatMapMerge";
  return flowStage<In, Out>(name, (shape, { decider }) => new FlatMapMergeLogic(shape, breadth, change, decider));
}

/** A source that runs, with the element that waits for downstream. */
interface Inner<Out> {
  readonly sink: SubSink<Out>;
  waiting: Out | undefined;
}

class FlatMapMergeLogic<In, Out> extends FlowLogic<In, Out> {
  readonly #breadth: number;
  readonly #change: (element: In) => Graph<SourceShape<Out>, unknown>;
  readonly #decider: Decider | undefined;
  readonly #inner = new Set<Inner<Out>>();
  /** Those with a waiting element, in order of arrival. */
  readonly #ready: Ring<Inner<Out>>;

  constructor(
    shape: FlowShape<In, Out>,
    breadth: number,
    change: (element: In) => Graph<SourceShape<Out>, unknown>,
    decider: Decider | undefined,
  ) {
    super(shape);
    this.#decider = decider;
    this.#breadth = breadth;
    this.#change = change;
    this.#ready = new Ring(breadth);
  }

  override preStart(): void {
    this.pull(this.in);
  }

  onPush(): void {
    this.#open(this.#change(this.grab(this.in)));
    if (this.#inner.size < this.#breadth) this.tryPull(this.in);
  }

  override onPull(): void {
    const inner = this.#ready.shift();
    if (inner === undefined) return;
    this.push(this.out, inner.waiting as Out);
    inner.waiting = undefined;
    if (inner.sink.closed) this.#drop(inner);
    else inner.sink.pull();
  }

  onUpstreamFinish(): void {
    if (this.#inner.size === 0) this.completeStage();
  }

  override postStop(): void {
    for (const inner of this.#inner) inner.sink.cancel();
    this.#inner.clear();
    this.#ready.clear();
  }

  #open(source: Graph<SourceShape<Out>, unknown>): void {
    const sink = new SubSink<Out>(this, {
      onPush: (element) => {
        if (this.isAvailable(this.out)) {
          this.push(this.out, element);
          sink.pull();
        } else {
          inner.waiting = element;
          this.#ready.push(inner);
        }
      },
      onUpstreamFinish: () => {
        if (inner.waiting === undefined) this.#drop(inner);
      },
      onUpstreamFailure: (error) => this.failStage(error),
    });
    const inner: Inner<Out> = { sink, waiting: undefined };
    this.#inner.add(inner);
    sink.run(source, this.#decider);
    sink.pull();
  }

  #drop(inner: Inner<Out>): void {
    this.#inner.delete(inner);
    if (!this.isClosed(this.in)) {
      if (!this.hasBeenPulled(this.in)) this.pull(this.in);
    } else if (this.#inner.size === 0) this.completeStage();
  }
}
