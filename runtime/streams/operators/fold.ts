import type { GraphStage } from "../graph-stage.ts";
import { FlowLogic, flowStage } from "../linear-stage.ts";
import type { FlowShape } from "../shape.ts";

/**
 * Adds up a whole stream.
 *
 * Emits:         the sum, once upstream has completed; `zero` where it was empty. `zero` is shared by all runs: do not change it.
 * Backpressures: when downstream has not asked.
 * Completes:     after the sum.
 * Cancels:       when downstream cancels.
 * State:         the sum.
 * Delivery:      one out for all in; fails where `add` throws.
 */
export function fold<In, Out>(zero: Out, add: (sum: Out, element: In) => Out): GraphStage<FlowShape<In, Out>> {
  return flowStage<In, Out>("fold", (shape) => new FoldLogic(shape, zero, add));
}

class FoldLogic<In, Out> extends FlowLogic<In, Out> {
  readonly #add: (sum: Out, element: In) => Out;
  #sum: Out;

  constructor(shape: FlowShape<In, Out>, zero: Out, add: (sum: Out, element: In) => Out) {
    super(shape);
    this.#sum = zero;
    this.#add = add;
  }

  onPush(): void {
    this.#sum = this.#add(this.#sum, this.grab(this.in));
    this.pull(this.in);
  }

  override onPull(): void {
    if (this.isClosed(this.in)) this.#finish();
    else this.pull(this.in);
  }

  onUpstreamFinish(): void {
    if (this.isAvailable(this.out)) this.#finish();
  }

  #finish(): void {
    this.push(this.out, this.#sum);
    this.completeStage();
  }
}
