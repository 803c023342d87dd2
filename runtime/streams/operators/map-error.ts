import type { GraphStage } from "../graph-stage.ts";
import { FlowLogic, flowStage } from "../linear-stage.ts";
import type { FlowShape } from "../shape.ts";

/**
 * Changes the failure of a stream.
 *
 * Emits:         each element, unchanged.
 * Backpressures: when downstream does.
 * Completes:     when upstream completes; fails with `change(error)` when upstream fails.
 * Cancels:       when downstream cancels.
 * State:         none.
 * Delivery:      one out for one in.
 */
export function mapError<T>(change: (error: Error) => Error): GraphStage<FlowShape<T, T>> {
  return flowStage<T, T>("mapError", (shape) => new MapErrorLogic(shape, change));
}

class MapErrorLogic<T> extends FlowLogic<T, T> {
  readonly #change: (error: Error) => Error;

  constructor(shape: FlowShape<T, T>, change: (error: Error) => Error) {
    super(shape);
    this.#change = change;
  }

  onPush(): void {
    this.push(this.out, this.grab(this.in));
  }

  onUpstreamFailure(error: Error): void {
    this.failStage(this.#change(error));
  }
}
