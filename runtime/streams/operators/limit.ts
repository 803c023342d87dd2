import assert from "node:assert/strict";
import { EngineError } from "../../errors.ts";
import type { Attributes, GraphStage } from "../graph-stage.ts";
import { flowStage } from "../linear-stage.ts";
import type { FlowShape } from "../shape.ts";
import { SupervisedLogic } from "../supervised-stage.ts";

/**
 * Fails a stream that is longer than it may be.
 *
 * Emits:         each element, as long as the sum of `weigh(element)` is at most `weightMax`.
 * Backpressures: when downstream does.
 * Completes:     when upstream completes.
 * Cancels:       when downstream cancels, or the limit is passed.
 * State:         the sum.
 * Delivery:      one out for one in; fails with `SIZE_LIMIT` at the element that passes the limit; supervised where `weigh`
 *                throws: a restart counts from 0.
 *
 * @param weightMax At least 0. The weight of each element is 1 where `weigh` is not given.
 */
export function limit<T>(weightMax: number, weigh: (element: T) => number = () => 1): GraphStage<FlowShape<T, T>> {
  assert(weightMax >= 0, "a limit is not below 0");
  return flowStage<T, T>("limit", (shape, attributes) => new LimitLogic(shape, attributes, weightMax, weigh), true);
}

class LimitLogic<T> extends SupervisedLogic<T, T> {
  readonly #weightMax: number;
  readonly #weigh: (element: T) => number;
  #weight = 0;

  constructor(shape: FlowShape<T, T>, attributes: Attributes, weightMax: number, weigh: (element: T) => number) {
    super(shape, attributes);
    this.#weightMax = weightMax;
    this.#weigh = weigh;
  }

  onPush(): void {
    const element = this.grab(this.in);
    try {
      this.#weight += this.#weigh(element);
    } catch (thrown) {
      this.supervise(thrown);
      return;
    }
    if (this.#weight <= this.#weightMax) this.push(this.out, element);
    else this.failStage(new EngineError("SIZE_LIMIT", this.#sentence()));
  }

  protected override onRestart(): void {
    this.#weight = 0;
  }

  #sentence(): string {
    return `Cannot pass an element on as all may weigh ${this.#weightMax} at most: it is ${this.#weight} with this one`;
  }
}
