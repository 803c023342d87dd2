import { EngineError } from "../../errors.ts";
import type { Attributes, GraphStage } from "../graph-stage.ts";
import { flowStage } from "../linear-stage.ts";
import type { FlowShape } from "../shape.ts";
import { SupervisedLogic } from "../supervised-stage.ts";

/**
 * Adds up a whole stream, beginning with its first element.
 *
 * Emits:         the sum, once upstream has completed.
 * Backpressures: when downstream has not asked.
 * Completes:     after the sum.
 * Cancels:       when downstream cancels.
 * State:         the sum.
 * Delivery:      one out for all in; fails with `STREAM_STOPPED` where there was no element; supervised where `add` throws: a
 *                restart begins again with the next element.
 */
export function reduce<T>(add: (sum: T, element: T) => T): GraphStage<FlowShape<T, T>> {
  return flowStage<T, T>("reduce", (shape, attributes) => new ReduceLogic(shape, attributes, add), true);
}

class ReduceLogic<T> extends SupervisedLogic<T, T> {
  readonly #add: (sum: T, element: T) => T;
  /** Undefined until the first element, which is none. */
  #sum: T | undefined;

  constructor(shape: FlowShape<T, T>, attributes: Attributes, add: (sum: T, element: T) => T) {
    super(shape, attributes);
    this.#add = add;
  }

  onPush(): void {
    const element = this.grab(this.in);
    try {
      this.#sum = this.#sum === undefined ? element : this.#add(this.#sum, element);
      this.pull(this.in);
    } catch (thrown) {
      this.supervise(thrown);
    }
  }

  override onPull(): void {
    if (this.isClosed(this.in)) this.#finish();
    else this.pull(this.in);
  }

  onUpstreamFinish(): void {
    if (this.#sum === undefined || this.isAvailable(this.out)) this.#finish();
  }

  protected override onRestart(): void {
    this.#sum = undefined;
  }

  #finish(): void {
    if (this.#sum === undefined) {
      throw new EngineError("STREAM_STOPPED", "Cannot reduce the stream as it must have an element: it is empty");
    }
    this.push(this.out, this.#sum);
    this.completeStage();
  }
}
