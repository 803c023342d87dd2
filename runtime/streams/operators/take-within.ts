import type { GraphStage } from "../graph-stage.ts";
import { FlowLogic, flowStage } from "../linear-stage.ts";
import type { FlowShape } from "../shape.ts";

/**
 * Lets elements through for a time.
 *
 * Emits:         each element until `durationMs` after the start.
 * Backpressures: when downstream does.
 * Completes:     when the time has passed, or upstream completes.
 * Cancels:       when the time has passed, or downstream cancels.
 * State:         a timer.
 * Delivery:      what comes later is not asked for.
 */
export function takeWithin<T>(durationMs: number): GraphStage<FlowShape<T, T>> {
  return flowStage<T, T>("takeWithin", (shape) => new TakeWithinLogic(shape, durationMs), true);
}

class TakeWithinLogic<T> extends FlowLogic<T, T> {
  readonly #durationMs: number;

  constructor(shape: FlowShape<T, T>, durationMs: number) {
    super(shape);
    this.#durationMs = durationMs;
  }

  override preStart(): void {
    this.scheduleOnce("end", this.#durationMs);
  }

  onPush(): void {
    this.push(this.out, this.grab(this.in));
  }

  override onTimer(): void {
    this.completeStage();
  }
}
