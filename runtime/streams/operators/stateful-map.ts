import type { GraphStage } from "../graph-stage.ts";
import { FlowLogic, flowStage } from "../linear-stage.ts";
import type { FlowShape } from "../shape.ts";

/**
 * Changes each element by a function that may remember.
 *
 * Emits:         `change(element)` for each element, in order, where `change` is made by `create` once a run.
 * Backpressures: when downstream does.
 * Completes:     when upstream completes.
 * Cancels:       when downstream cancels.
 * State:         what `change` keeps; its bound is that of its author.
 * Delivery:      one out for one in; fails where `create` or `change` throws.
 */
export function statefulMap<In, Out>(create: () => (element: In) => Out): GraphStage<FlowShape<In, Out>> {
  return flowStage<In, Out>("statefulMap", (shape) => new StatefulMapLogic(shape, create));
}

class StatefulMapLogic<In, Out> extends FlowLogic<In, Out> {
  readonly #create: () => (element: In) => Out;
  #change: ((element: In) => Out) | undefined;

  constructor(shape: FlowShape<In, Out>, create: () => (element: In) => Out) {
    super(shape);
    this.#create = create;
  }

  onPush(): void {
    this.#change ??= this.#create();
    this.push(this.out, this.#change(this.grab(this.in)));
  }
}
