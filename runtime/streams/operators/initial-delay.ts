import type { GraphStage } from "../graph-stage.ts";
import { FlowLogic, flowStage } from "../linear-stage.ts";
import type { FlowShape } from "../shape.ts";

/**
 * Lets elements through only after a time.
 *
 * Emits:         each element, unchanged, from `delayMs` after the start.
 * Backpressures: when downstream does, and for the first `delayMs`.
 * Completes:     when upstream completes.
 * Cancels:       when downstream cancels.
 * State:         a timer.
 * Delivery:      one out for one in.
 */
export function initialDelay<T>(delayMs: number): GraphStage<FlowShape<T, T>> {
  return flowStage<T, T>("initialDelay", (shape) => new InitialDelayLogic(shape, delayMs));
}

class InitialDelayLogic<T> extends FlowLogic<T, T> {
  readonly #delayMs: number;
  #open = false;

  constructor(shape: FlowShape<T, T>, delayMs: number) {
    super(shape);
    this.#delayMs = delayMs;
  }

  override preStart(): void {
    this.scheduleOnce("open", this.#delayMs);
  }

  onPush(): void {
    this.push(this.out, this.grab(this.in));
  }

  override onPull(): void {
    if (this.#open) this.pull(this.in);
  }

  override onTimer(): void {
    this.#open = true;
    if (this.isAvailable(this.out)) this.pull(this.in);
  }
}
