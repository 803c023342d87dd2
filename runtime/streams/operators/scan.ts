import type { Kernel } from "../fused/kernel.ts";
import type { Attributes, GraphStage } from "../graph-stage.ts";
import { flowStage } from "../linear-stage.ts";
import type { FlowShape } from "../shape.ts";
import { SupervisedLogic } from "../supervised-stage.ts";

/**
 * Shows each sum on the way.
 *
 * Emits:         `zero`, then the sum after each element. `zero` is shared by all runs: do not change it.
 * Backpressures: when downstream does.
 * Completes:     when upstream completed and `zero` was emitted.
 * Cancels:       when downstream cancels.
 * State:         the sum.
 * Delivery:      one out for one in, and one more; supervised where `add` throws: a restart emits `zero` again.
 */
export function scan<In, Out>(zero: Out, add: (sum: Out, element: In) => Out): GraphStage<FlowShape<In, Out>> {
  return flowStage<In, Out>("scan", (shape, attributes) => new ScanLogic(shape, attributes, zero, add));
}

class ScanLogic<In, Out> extends SupervisedLogic<In, Out> {
  readonly kernel: Kernel;
  readonly #add: (sum: Out, element: In) => Out;
  readonly #zero: Out;
  #sum: Out;
  #begun = false;

  constructor(shape: FlowShape<In, Out>, attributes: Attributes, zero: Out, add: (sum: Out, element: In) => Out) {
    super(shape, attributes);
    this.#zero = zero;
    this.#sum = zero;
    this.#add = add;
    this.kernel = { kind: "scan", zero, run: add as (sum: unknown, element: unknown) => unknown };
  }

  onPush(): void {
    try {
      const sum = this.#add(this.#sum, this.grab(this.in));
      this.push(this.out, sum);
      this.#sum = sum;
    } catch (thrown) {
      if (this.decide(thrown) === "resume") this.pullUnlessPulled();
      else {
        this.#sum = this.#zero;
        this.push(this.out, this.#sum);
      }
    }
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
