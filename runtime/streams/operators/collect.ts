import type { Kernel } from "../fused/kernel.ts";
import type { Attributes, GraphStage } from "../graph-stage.ts";
import { flowStage } from "../linear-stage.ts";
import type { FlowShape } from "../shape.ts";
import { SupervisedLogic } from "../supervised-stage.ts";

/**
 * Filters and changes in one step.
 *
 * Emits:         `pick(element)` for each element, in order; undefined is left out.
 * Backpressures: when downstream does.
 * Completes:     when upstream completes.
 * Cancels:       when downstream cancels.
 * State:         none.
 * Delivery:      at most one out for one in; supervised where `pick` throws.
 */
export function collect<In, Out>(pick: (element: In) => Out | undefined): GraphStage<FlowShape<In, Out>> {
  return flowStage<In, Out>("collect", (shape, attributes) => new CollectLogic(shape, attributes, pick), true);
}

class CollectLogic<In, Out> extends SupervisedLogic<In, Out> {
  readonly kernel: Kernel;
  readonly #pick: (element: In) => Out | undefined;

  constructor(shape: FlowShape<In, Out>, attributes: Attributes, pick: (element: In) => Out | undefined) {
    super(shape, attributes);
    this.#pick = pick;
    this.kernel = { kind: "collect", run: pick as (element: unknown) => unknown };
  }

  onPush(): void {
    try {
      const picked = this.#pick(this.grab(this.in));
      if (picked === undefined) this.pull(this.in);
      else this.push(this.out, picked);
    } catch (thrown) {
      this.supervise(thrown);
    }
  }
}
