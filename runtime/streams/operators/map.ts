import type { GraphStage } from "../graph-stage.ts";
import { FlowLogic, flowStage } from "../linear-stage.ts";
import type { FlowShape } from "../shape.ts";

/**
 * Changes each element.
 *
 * Emits:         `change(element)` for each element, in order.
 * Backpressures: when downstream does.
 * Completes:     when upstream completes.
 * Cancels:       when downstream cancels.
 * State:         none.
 * Delivery:      one out for one in; fails where `change` throws.
 */
export function map<In, Out>(change: (element: In) => Out): GraphStage<FlowShape<In, Out>> {
  return flowStage<In, Out>("map", (shape) => new MapLogic(shape, change));
}

class MapLogic<In, Out> extends FlowLogic<In, Out> {
  readonly #change: (element: In) => Out;

  constructor(shape: FlowShape<In, Out>, change: (element: In) => Out) {
    super(shape);
    this.#change = change;
  }

  onPush(): void {
    this.push(this.out, this.#change(this.grab(this.in)));
  }
}
