import assert from "node:assert/strict";
import type { GraphStage } from "../graph-stage.ts";
import { FlowLogic, flowStage } from "../linear-stage.ts";
import type { FlowShape } from "../shape.ts";

/**
 * Shows a window that moves over the stream.
 *
 * Emits:         arrays of `count` elements, each beginning `step` elements after the one before; at the end a shorter one, where
 *                elements came that no window had shown whole.
 * Backpressures: when downstream has not asked for a window.
 * Completes:     when upstream completed and the last window is emitted.
 * Cancels:       when downstream cancels.
 * State:         up to `count` elements.
 * Delivery:      with a `step` above `count` what lies between two windows is dropped; a failure drops the unfinished window.
 *
 * @param count At least 1.
 * @param step At least 1.
 * @see Pekko, `sliding`
 */
export function sliding<T>(count: number, step = 1): GraphStage<FlowShape<T, T[]>> {
  assert(Number.isInteger(count) && count >= 1, "a window has at least one element");
  assert(Number.isInteger(step) && step >= 1, "a window moves by at least one element");
  return flowStage<T, T[]>("sliding", (shape) => new SlidingLogic(shape, count, step));
}

class SlidingLogic<T> extends FlowLogic<T, T[]> {
  readonly #count: number;
  readonly #step: number;
  #window: T[] = [];
  /** Elements to leave out before the next window begins. */
  #gap = 0;
  /** Elements of the window that no window had shown. */
  #fresh = 0;

  constructor(shape: FlowShape<T, T[]>, count: number, step: number) {
    super(shape);
    this.#count = count;
    this.#step = step;
  }

  onPush(): void {
    const element = this.grab(this.in);
    if (this.#gap > 0) this.#gap -= 1;
    else {
      this.#window.push(element);
      this.#fresh += 1;
    }
    if (this.#window.length < this.#count) {
      this.pull(this.in);
      return;
    }
    const window = this.#window;
    this.#window = window.slice(this.#step);
    this.#gap = Math.max(0, this.#step - this.#count);
    this.#fresh = 0;
    this.push(this.out, window);
  }

  onUpstreamFinish(): void {
    // Above 0 only while downstream waits for a window.
    if (this.#fresh > 0) this.push(this.out, this.#window);
    this.completeStage();
  }
}
