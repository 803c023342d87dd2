import assert from "node:assert/strict";
import { EngineError } from "../../errors.ts";
import type { GraphStage } from "../graph-stage.ts";
import { FlowLogic, flowStage } from "../linear-stage.ts";
import { Ring } from "../ring.ts";
import type { FlowShape } from "../shape.ts";

/**
 * What a full buffer does with one more element: makes upstream wait, drops the oldest, drops the youngest, drops all that it
 * holds, or fails with `BUFFER_FULL`. The new element is kept, except by the first and the last.
 */
export type OverflowStrategy = "backpressure" | "dropHead" | "dropTail" | "dropBuffer" | "fail";

/**
 * Holds elements between a fast upstream and a slow downstream.
 *
 * Emits:         what it holds, oldest first.
 * Backpressures: when full, with "backpressure"; else never.
 * Completes:     when upstream completed and it is empty.
 * Cancels:       when downstream cancels.
 * State:         up to `elementsMax` elements.
 * Delivery:      in order, each at most once; the dropping strategies drop without a trace, so not for elements under a receipt.
 *
 * @param elementsMax At least 1.
 */
export function buffer<T>(elementsMax: number, strategy: OverflowStrategy): GraphStage<FlowShape<T, T>> {
  assert(Number.isInteger(elementsMax) && elementsMax >= 1, "a buffer holds at least one element");
  return flowStage<T, T>("buffer", (shape) => new BufferLogic(shape, elementsMax, strategy), true);
}

class BufferLogic<T> extends FlowLogic<T, T> {
  readonly #ring: Ring<T>;
  readonly #strategy: OverflowStrategy;

  constructor(shape: FlowShape<T, T>, elementsMax: number, strategy: OverflowStrategy) {
    super(shape);
    this.#ring = new Ring(elementsMax);
    this.#strategy = strategy;
  }

  override preStart(): void {
    this.pull(this.in);
  }

  onPush(): void {
    const element = this.grab(this.in);
    if (this.isAvailable(this.out)) {
      // Downstream waits only while nothing is held.
      this.push(this.out, element);
    } else if (!this.#hold(element)) return;
    if (this.#strategy !== "backpressure" || !this.#ring.full) this.pull(this.in);
  }

  override onPull(): void {
    const element = this.#ring.shift();
    if (element !== undefined) this.push(this.out, element);
    if (this.isClosed(this.in)) {
      if (this.#ring.size === 0) this.completeStage();
    } else if (!this.hasBeenPulled(this.in)) this.pull(this.in);
  }

  onUpstreamFinish(): void {
    if (this.#ring.size === 0) this.completeStage();
  }

  /** @returns false where the stage has failed. */
  #hold(element: T): boolean {
    if (this.#ring.full) {
      if (this.#strategy === "fail") {
        const sentence = `Cannot buffer an element as elements_max must hold them: it is ${this.#ring.capacity}`;
        this.failStage(new EngineError("BUFFER_FULL", sentence));
        return false;
      }
      if (this.#strategy === "dropHead") this.#ring.shift();
      else if (this.#strategy === "dropTail") this.#ring.pop();
      else this.#ring.clear();
    }
    this.#ring.push(element);
    return true;
  }
}
