import type { GraphStage } from "../graph-stage.ts";
import { FlowLogic, flowStage } from "../linear-stage.ts";
import type { FlowShape } from "../shape.ts";

/**
 * Leaves elements out for a time.
 *
 * Emits:         each element that comes `durationMs` after the start or later.
 * Backpressures: when downstream does; what is dropped is asked for only once downstream asks.
 * Completes:     when upstream completes.
 * Cancels:       when downstream cancels.
 * State:         a timer.
 * Delivery:      one out for one in, after that time.
 */
export function dropWithin<T>(durationMs: number): GraphStage<FlowShape<T, T>> {
  return flowStage<T, T>("dropWithin", (shape) => new DropWithinLogic(shape, durationMs));
}

class DropWithinLogic<T> extends FlowLogic<T, T> {
  readonly #durationMs: number;
  #open = false;

  constructor(shape: FlowShape<T, T>, durationMs: number) {
    super(shape);
    this.#durationMs = durationMs;
  }

  override preStart(): void {
    this.scheduleOnce("open", this.#durationMs);
  }

  onPush(): void {
    const element = this.grab(this.in);
    if (this.#open) this.push(this.out, element);
    else this.pull(this.in);
  }

  override onTimer(): void {
    this.#open = true;
  }
}
