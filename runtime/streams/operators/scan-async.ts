import type { Attributes, GraphStage } from "../graph-stage.ts";
import { flowStage } from "../linear-stage.ts";
import type { FlowShape } from "../shape.ts";
import { SupervisedLogic } from "../supervised-stage.ts";

import { type Eventually, isPromise, PromiseCallbacks } from "./promise-result.ts";

/**
 * Shows each sum on the way, where adding may take its time.
 *
 * Emits:         `zero`, then what `add(sum, element)` gives or resolves with, for one element after the other. `zero` is shared by
 *                all runs: do not change it.
 * Backpressures: when downstream does, or a sum is not there yet.
 * Completes:     when upstream completed and the last sum is emitted.
 * Cancels:       when downstream cancels; what is under way goes on and its result is dropped.
 * State:         the sum.
 * Delivery:      one out for one in, and one more; supervised where `add` throws, its promise rejects or the sum is undefined or
 *                null: a restart goes on with `zero`, which is not emitted again.
 *
 * @see Pekko, `scanAsync`
 */
export function scanAsync<In, Out>(
  zero: Out,
  add: (sum: Out, element: In) => Eventually<Out>,
): GraphStage<FlowShape<In, Out>> {
  return flowStage<In, Out>("scanAsync", (shape, attributes) => new ScanAsyncLogic(shape, attributes, zero, add));
}

class ScanAsyncLogic<In, Out> extends SupervisedLogic<In, Out> {
  readonly #zero: Out;
  readonly #add: (sum: Out, element: In) => Eventually<Out>;
  readonly #callbacks: PromiseCallbacks<undefined, Out>;
  #sum: Out;
  #begun = false;
  #underWay = false;

  constructor(
    shape: FlowShape<In, Out>,
    attributes: Attributes,
    zero: Out,
    add: (sum: Out, element: In) => Eventually<Out>,
  ) {
    super(shape, attributes);
    this.#zero = zero;
    this.#sum = zero;
    this.#add = add;
    this.#callbacks = new PromiseCallbacks(
      this,
      (_, sum) => {
        this.#underWay = false;
        this.#take(sum);
      },
      (_, thrown) => {
        this.#underWay = false;
        this.supervise(thrown);
      },
    );
  }

  onPush(): void {
    const element = this.grab(this.in);
    let sum: Eventually<Out>;
    try {
      sum = this.#add(this.#sum, element);
    } catch (thrown) {
      this.supervise(thrown);
      return;
    }
    if (isPromise(sum)) {
      this.#underWay = true;
      this.#callbacks.await(sum, undefined);
    } else this.#take(sum);
  }

  override onPull(): void {
    if (this.#begun) {
      this.pull(this.in);
      return;
    }
    this.#begun = true;
    this.push(this.out, this.#sum);
    if (this.isClosed(this.in)) this.completeStage();
  }

  onUpstreamFinish(): void {
    if (this.#begun && !this.#underWay) this.completeStage();
  }

  protected override onRestart(): void {
    this.#sum = this.#zero;
  }

  protected override supervise(thrown: unknown): void {
    super.supervise(thrown);
    // Upstream may have completed while the sum was under way.
    if (this.isClosed(this.in)) this.completeStage();
  }

  #take(sum: Out): void {
    try {
      this.push(this.out, sum);
      this.#sum = sum;
    } catch (thrown) {
      this.supervise(thrown);
    }
    if (this.isClosed(this.in)) this.completeStage();
  }
}
