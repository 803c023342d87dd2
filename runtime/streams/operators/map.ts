import type { Kernel } from "../fused/kernel.ts";
import type { Attributes, GraphStage } from "../graph-stage.ts";
import { flowStage } from "../linear-stage.ts";
import type { FlowShape } from "../shape.ts";
import { SupervisedLogic } from "../supervised-stage.ts";

/**
 * Changes each element.
 *
 * Emits:         `change(element)` for each element, in order.
 * Backpressures: when downstream does.
 * Completes:     when upstream completes.
 * Cancels:       when downstream cancels.
 * State:         none.
 * Delivery:      one out for one in; supervised where `change` throws.
 */
export function map<In, Out>(change: (element: In) => Out): GraphStage<FlowShape<In, Out>> {
  return flowStage<In, Out>("map", (shape, attributes) => new MapLogic(shape, attributes, change));
}

class MapLogic<In, Out> extends SupervisedLogic<In, Out> {
  readonly kernel: Kernel;
  readonly #change: (element: In) => Out;

  constructor(shape: FlowShape<In, Out>, attributes: Attributes, change: (element: In) => Out) {
    super(shape, attributes);
    this.#change = change;
    this.kernel = { kind: "map", run: change as (element: unknown) => unknown };
  }

  onPush(): void {
    try {
      this.push(this.out, this.#change(this.grab(this.in)));
    } catch (thrown) {
      this.supervise(thrown);
    }
  }
}
