import assert from "node:assert/strict";
import { EngineError } from "../../errors.ts";
import type { GraphStage } from "../graph-stage.ts";
import { FlowLogic, flowStage } from "../linear-stage.ts";
import { Ring } from "../ring.ts";
import type { FlowShape } from "../shape.ts";
import type { OverflowStrategy } from "./buffer.ts";

/**
 * What a full delay does with one more element: as a buffer does, or drops that element, or emits the oldest before its time and
 * makes upstream wait where downstream does not ask.
 */
export type DelayOverflow = OverflowStrategy | "dropNew" | "emitEarly";

/**
 * Emits each element later.
 *
 * Emits:         each element, `delayMs` after it came or later.
 * Backpressures: when it is full, with "backpressure"; when it is full and downstream does, with "emitEarly"; else never.
 * Completes:     when upstream completed and it is empty.
 * Cancels:       when downstream cancels.
 * State:         up to `elementsMax` elements and a timer.
 * Delivery:      in order, each at most once; the dropping strategies drop without a trace, so not for elements under a receipt;
 *                "fail" fails with `BUFFER_FULL`. A failure overtakes what waits.
 *
 * @param elementsMax At least 1: what comes in `delayMs` should fit.
 * @see Pekko, `delay`
 */
export function delay<T>(delayMs: number, overflow: DelayOverflow, elementsMax: number): GraphStage<FlowShape<T, T>> {
  assert(delayMs >= 0, "time does not go back");
  assert(Number.isInteger(elementsMax) && elementsMax >= 1, "a delay holds at least one element");
  return flowStage<T, T>("delay", (shape) => new DelayLogic(shape, delayMs, overflow, elementsMax), true);
}

interface Delayed<T> {
  readonly element: T;
  /** By the monotonic clock. */
  readonly dueMs: number;
}

class DelayLogic<T> extends FlowLogic<T, T> {
  readonly #delayMs: number;
  readonly #overflow: DelayOverflow;
  readonly #held: Ring<Delayed<T>>;
  /** The oldest, taken out of the ring. */
  #oldest: Delayed<T> | undefined;

  constructor(shape: FlowShape<T, T>, delayMs: number, overflow: DelayOverflow, elementsMax: number) {
    super(shape);
    this.#delayMs = delayMs;
    this.#overflow = overflow;
    this.#held = new Ring(elementsMax);
  }

  override preStart(): void {
    this.pull(this.in);
  }

  onPush(): void {
    const element = this.grab(this.in);
    if (!this.#full || this.#makeRoom()) this.#hold({ element, dueMs: this.clock.monotonic() + this.#delayMs });
    this.#goOn();
  }

  override onPull(): void {
    this.#goOn();
  }

  onUpstreamFinish(): void {
    this.#goOn();
  }

  override onTimer(): void {
    this.#goOn();
  }

  get #full(): boolean {
    return this.#size === this.#held.capacity;
  }

  get #size(): number {
    return this.#held.size + (this.#oldest === undefined ? 0 : 1);
  }

  #hold(delayed: Delayed<T>): void {
    if (this.#oldest === undefined) this.#oldest = delayed;
    else this.#held.push(delayed);
  }

  /** @returns whether the new element is to be held. */
  #makeRoom(): boolean {
    switch (this.#overflow) {
      case "dropHead":
        this.#oldest = this.#held.shift();
        return true;
      case "dropTail":
        if (this.#held.pop() === undefined) this.#oldest = undefined;
        return true;
      case "dropBuffer":
        this.#held.clear();
        this.#oldest = undefined;
        return true;
      case "emitEarly":
        // Asked for only while downstream waits.
        this.#emitOldest();
        return true;
      case "dropNew":
        return false;
      case "backpressure":
        return assert.fail("upstream is asked only where there is room");
      case "fail": {
        const sentence = `Cannot delay an element as elements_max must hold them: it is ${this.#held.capacity}`;
        throw new EngineError("BUFFER_FULL", sentence);
      }
    }
  }

  #goOn(): void {
    if (this.#oldest !== undefined && this.isAvailable(this.out)) {
      const waitMs = this.#oldest.dueMs - this.clock.monotonic();
      if (waitMs <= 0) this.#emitOldest();
      else if (!this.isTimerActive("due")) this.scheduleOnce("due", waitMs);
    }
    if (this.isClosed(this.in)) {
      if (this.#oldest === undefined) this.completeStage();
    } else if (this.#mayPull() && !this.hasBeenPulled(this.in)) this.pull(this.in);
  }

  #mayPull(): boolean {
    if (!this.#full) return true;
    if (this.#overflow === "emitEarly") return this.isAvailable(this.out);
    return this.#overflow !== "backpressure";
  }

  #emitOldest(): void {
    this.cancelTimer("due");
    this.push(this.out, (this.#oldest as Delayed<T>).element);
    this.#oldest = this.#held.shift();
  }
}
