import type { GraphStage } from "../graph-stage.ts";
import { FlowLogic, flowStage } from "../linear-stage.ts";
import type { FlowShape } from "../shape.ts";

/**
 * Shows each sum on the way.
 *
 * Emits:         `zero`, then the sum after each element. `zero` is shared by all runs: do not change it.
 * Backpressures: when downstream does.
 * Completes:     when upstream completed and `zero` was emitted.
 * Cancels:       when downstream cancels.
 * State:         the sum.
 * Delivery:      one out for one in, and one more; fails where `add` throws.
 */
export function scan<In, Out>(zero: Out, add: (sum: Out, element: In) => Out): GraphStage<FlowShape<In, Out>> {
  return flowStage<In, Out>("scan", (shape) => new ScanLogic(shape, zero, add));
}

class ScanLogic<In, Out> extends FlowLogic<In, Out> {
  readonly #add: (sum: Out, element: In) => Out;
  #sum: Out;
  #begun = false;

  constructor(shape: FlowShape<In, Out>, zero: Out, add: (sum: Out, element: In) => Out) {
    super(shape);
    this.#sum = zero;
    this.#add = add;
  }

  onPush(): void {
    this.#sum = this.#add(this.#sum, this.grab(this.in));
    this.push(this.out, this.#sum);
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
    if (this.#begun) this.completeStage();
  }
}
