import type { Kernel } from "../fused/kernel.ts";
import type { Attributes, GraphStage } from "../graph-stage.ts";
import { flowStage } from "../linear-stage.ts";
import type { FlowShape } from "../shape.ts";
import { SupervisedLogic } from "../supervised-stage.ts";

/**
 * Adds up a whole stream.
 *
 * Emits:         the sum, once upstream has completed; `zero` where it was empty. `zero` is shared by all runs: do not change it.
 * Backpressures: when downstream has not asked.
 * Completes:     after the sum.
 * Cancels:       when downstream cancels.
 * State:         the sum.
 * Delivery:      one out for all in; supervised where `add` throws: a restart begins again at `zero`.
 */
export function fold<In, Out>(zero: Out, add: (sum: Out, element: In) => Out): GraphStage<FlowShape<In, Out>> {
  return flowStage<In, Out>("fold", (shape, attributes) => new FoldLogic(shape, attributes, zero, add));
}

class FoldLogic<In, Out> extends SupervisedLogic<In, Out> {
  readonly kernel: Kernel;
  readonly #add: (sum: Out, element: In) => Out;
  readonly #zero: Out;
  #sum: Out;

  constructor(shape: FlowShape<In, Out>, attributes: Attributes, zero: Out, add: (sum: Out, element: In) => Out) {
    super(shape, attributes);
    this.#zero = zero;
    this.#sum = zero;
    this.#add = add;
    this.kernel = { kind: "fold", zero, run: add as (sum: unknown, element: unknown) => unknown };
  }

  onPush(): void {
    try {
      this.#sum = this.#add(this.#sum, this.grab(this.in));
      this.pull(this.in);
    } catch (thrown) {
      this.supervise(thrown);
    }
  }

  override onPull(): void {
    if (this.isClosed(this.in)) this.#finish();
    else this.pull(this.in);
  }

  onUpstreamFinish(): void {
    if (this.isAvailable(this.out)) this.#finish();
  }

  protected override onRestart(): void {
    this.#sum = this.#zero;
  }

  #finish(): void {
    this.push(this.out, this.#sum);
    this.completeStage();
  }
}
