import assert from "node:assert/strict";
import { EngineError } from "../../errors.ts";
import { type Attributes, GraphStage, GraphStageLogic, Inlet, Outlet } from "../graph-stage.ts";
import { FanOutShape } from "../shape.ts";

/**
 * Gives each element to one branch.
 *
 * Emits:         each element at the outlet whose index `choose(element)` gives.
 * Backpressures: when the outlet chosen does: one slow branch stops all.
 * Completes:     when upstream completed and the waiting element is emitted.
 * Cancels:       when every outlet has cancelled; what is chosen for one that has is dropped. With `eagerCancel` when any has.
 * State:         one element.
 * Delivery:      at most one out for one in; fails where `choose` throws or gives no index of an outlet.
 */
export class Partition<T> extends GraphStage<FanOutShape<T, T>> {
  override readonly name = "partition";
  readonly shape: FanOutShape<T, T>;
  readonly #choose: (element: T) => number;
  readonly #eagerCancel: boolean;

  /**
   * @param outputs At least 1.
   * @param choose Gives an index from 0.
   */
  constructor(outputs: number, choose: (element: T) => number, eagerCancel = false) {
    super();
    assert(Number.isInteger(outputs) && outputs >= 1, "there is at least one branch");
    const outs = Array.from({ length: outputs }, (_, index) => new Outlet<T>(`partition.out${index}`));
    this.shape = new FanOutShape(new Inlet<T>("partition.in"), outs);
    this.#choose = choose;
    this.#eagerCancel = eagerCancel;
  }

  createLogic(_attributes: Attributes): GraphStageLogic {
    return new PartitionLogic(this.shape, this.#choose, this.#eagerCancel);
  }
}

class PartitionLogic<T> extends GraphStageLogic {
  readonly #shape: FanOutShape<T, T>;
  readonly #choose: (element: T) => number;
  /** The element that waits for its outlet. */
  #waiting: { readonly element: T; readonly out: Outlet<T> } | undefined;
  #openCount: number;
  readonly #eagerCancel: boolean;

  constructor(shape: FanOutShape<T, T>, choose: (element: T) => number, eagerCancel: boolean) {
    super(shape);
    this.#eagerCancel = eagerCancel;
    this.#shape = shape;
    this.#choose = choose;
    this.#openCount = shape.outs.length;
    this.setHandler(shape.in, this);
    for (const out of shape.outs) {
      this.setHandler(out, {
        onPull: () => this.#onPull(out),
        onDownstreamFinish: (cause) => this.#onCancel(out, cause),
      });
    }
  }

  onPush(): void {
    const element = this.grab(this.#shape.in);
    const index = this.#choose(element);
    const out = this.#shape.outs[index];
    if (out === undefined) {
      const sentence = `Cannot choose a branch as it must be one of ${this.#shape.outs.length}, from 0: it is ${index}`;
      throw new EngineError("STAGE_FAILED", sentence);
    }
    if (this.isAvailable(out)) this.push(out, element);
    else if (!this.isClosed(out)) {
      this.#waiting = { element, out };
      return;
    }
    this.#askForMore();
  }

  onUpstreamFinish(): void {
    if (this.#waiting === undefined) this.completeStage();
  }

  #onPull(out: Outlet<T>): void {
    if (this.#waiting?.out === out) {
      this.push(out, this.#waiting.element);
      this.#release();
    } else if (this.#waiting === undefined) this.#askForMore();
  }

  #onCancel(out: Outlet<T>, cause: Error | undefined): void {
    this.#openCount -= 1;
    if (this.#openCount === 0 || this.#eagerCancel) this.cancelStage(cause);
    else if (this.#waiting?.out === out) this.#release();
  }

  #release(): void {
    this.#waiting = undefined;
    if (this.isClosed(this.#shape.in)) this.completeStage();
    else this.#askForMore();
  }

  /** Any branch that can take one is reason enough: for which one the next is, is not known before. */
  #askForMore(): void {
    const { in: inlet, outs } = this.#shape;
    if (this.isClosed(inlet) || this.hasBeenPulled(inlet)) return;
    if (outs.some((out) => this.isAvailable(out))) this.pull(inlet);
  }
}
