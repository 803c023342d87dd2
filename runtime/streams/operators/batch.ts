import assert from "node:assert/strict";
import type { Attributes, GraphStage } from "../graph-stage.ts";
import { flowStage } from "../linear-stage.ts";
import type { FlowShape } from "../shape.ts";
import { SupervisedLogic } from "../supervised-stage.ts";

/** How a batch is made of elements. */
export interface Batching<In, Out> {
  /** What a batch may weigh; an element that weighs more is a batch by itself. */
  readonly weightMax: number;
  /** What an element weighs, at least 0. Default 1. */
  readonly weigh?: (element: In) => number;
  /** Begins a batch. */
  readonly seed: (element: In) => Out;
  /** Adds to a batch. */
  readonly add: (batch: Out, element: In) => Out;
}

/**
 * Sums up what comes while downstream is busy, up to a weight.
 *
 * Emits:         what `seed` and `add` have made of the elements since the last batch, whenever downstream asks.
 * Backpressures: when downstream does and the next element would make the batch heavier than `weightMax`.
 * Completes:     when upstream completed and the last batch is emitted.
 * Cancels:       when downstream cancels.
 * State:         a batch, and one element that did not fit; how large a batch grows is up to its author.
 * Delivery:      each element in one batch, in order; supervised where `weigh`, `seed` or `add` throws: a resume keeps the batch,
 *                a restart drops it.
 *
 * @see Pekko, `batchWeighted`
 */
export function batch<In, Out>(batching: Batching<In, Out>): GraphStage<FlowShape<In, Out>> {
  assert(batching.weightMax > 0, "a batch may weigh something");
  return flowStage<In, Out>("batch", (shape, attributes) => new BatchLogic(shape, attributes, batching), true);
}

/**
 * Sums up what comes while downstream is busy, without a limit.
 *
 * Emits:         what `seed` and `add` have made of the elements since the last sum, whenever downstream asks.
 * Backpressures: never.
 * Completes:     when upstream completed and the last sum is emitted.
 * Cancels:       when downstream cancels.
 * State:         a sum; that it stays small is up to `add`.
 * Delivery:      each element in one sum, in order; supervised where `seed` or `add` throws: a resume keeps the sum, a restart
 *                drops it.
 */
export function conflate<In, Out>(
  seed: (element: In) => Out,
  add: (sum: Out, element: In) => Out,
): GraphStage<FlowShape<In, Out>> {
  const batching = { weightMax: Number.POSITIVE_INFINITY, weigh: () => 0, seed, add };
  return flowStage<In, Out>("conflate", (shape, attributes) => new BatchLogic(shape, attributes, batching), true);
}

class BatchLogic<In, Out> extends SupervisedLogic<In, Out> {
  readonly #batching: Batching<In, Out>;
  readonly #weigh: (element: In) => number;
  /** Undefined where there is no batch, which is none. */
  #batch: Out | undefined;
  #left: number;
  #waiting: { element: In; weight: number } | undefined;

  constructor(shape: FlowShape<In, Out>, attributes: Attributes, batching: Batching<In, Out>) {
    super(shape, attributes);
    this.#batching = batching;
    this.#weigh = batching.weigh ?? (() => 1);
    this.#left = batching.weightMax;
  }

  override preStart(): void {
    this.pull(this.in);
  }

  onPush(): void {
    const element = this.grab(this.in);
    this.#attempt(() => {
      const weight = this.#weigh(element);
      if (this.#batch === undefined) this.#begin(element, weight);
      else if (weight > this.#left) this.#waiting = { element, weight };
      else {
        this.#batch = this.#batching.add(this.#batch, element);
        this.#left -= weight;
      }
    });
    this.#goOn();
  }

  override onPull(): void {
    this.#goOn();
  }

  onUpstreamFinish(): void {
    this.#goOn();
  }

  protected override onRestart(): void {
    this.#batch = undefined;
    this.#left = this.#batching.weightMax;
  }

  #begin(element: In, weight: number): void {
    this.#batch = this.#batching.seed(element);
    this.#left = this.#batching.weightMax - weight;
  }

  #attempt(run: () => void): void {
    try {
      run();
    } catch (thrown) {
      if (this.decide(thrown) === "restart") this.onRestart();
    }
  }

  #goOn(): void {
    if (this.#batch !== undefined && this.isAvailable(this.out)) this.#flush();
    if (this.isClosed(this.in)) {
      if (this.#batch === undefined) this.completeStage();
    } else if (this.#waiting === undefined) this.pullUnlessPulled();
  }

  #flush(): void {
    this.push(this.out, this.#batch as Out);
    this.onRestart();
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting !== undefined) this.#attempt(() => this.#begin(waiting.element, waiting.weight));
  }
}
