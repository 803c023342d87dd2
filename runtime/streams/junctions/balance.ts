import assert from "node:assert/strict";
import { type Attributes, GraphStage, GraphStageLogic, Inlet, Outlet } from "../graph-stage.ts";
import { Ring } from "../ring.ts";
import { FanOutShape } from "../shape.ts";

/**
 * Gives each element to one branch that is free.
 *
 * Emits:         each element at the outlet that has waited longest for one.
 * Backpressures: when every open outlet does; with `waitForAllDownstreams` also until each outlet was pulled once.
 * Completes:     when upstream completed and its last element is emitted.
 * Cancels:       when every outlet has cancelled; with `eagerCancel` when any has.
 * State:         one element, in its port.
 * Delivery:      one out for one in; order holds within an outlet.
 */
export class Balance<T> extends GraphStage<FanOutShape<T, T>> {
  override readonly name = "balance";
  readonly shape: FanOutShape<T, T>;
  readonly #waitForAllDownstreams: boolean;
  readonly #eagerCancel: boolean;

  /** @param outputs At least 1. */
  constructor(outputs: number, waitForAllDownstreams = false, eagerCancel = false) {
    super();
    assert(Number.isInteger(outputs) && outputs >= 1, "there is at least one branch");
    const outs = Array.from({ length: outputs }, (_, index) => new Outlet<T>(`balance.out${index}`));
    this.shape = new FanOutShape(new Inlet<T>("balance.in"), outs);
    this.#waitForAllDownstreams = waitForAllDownstreams;
    this.#eagerCancel = eagerCancel;
  }

  createLogic(_attributes: Attributes): GraphStageLogic {
    return new BalanceLogic(this.shape, this.#waitForAllDownstreams, this.#eagerCancel);
  }
}

class BalanceLogic<T> extends GraphStageLogic {
  readonly #shape: FanOutShape<T, T>;
  /** Outlets that were pulled, in that order; some may have cancelled since. */
  readonly #free: Ring<Outlet<T>>;
  /** Outlets that must be pulled before the first element goes. */
  readonly #awaited: Set<Outlet<T>>;

  constructor(shape: FanOutShape<T, T>, waitForAllDownstreams: boolean, eagerCancel: boolean) {
    super(shape);
    this.#shape = shape;
    this.#free = new Ring(shape.outs.length);
    this.#awaited = new Set(waitForAllDownstreams ? shape.outs : []);
    this.setHandler(shape.in, this);
    for (const out of shape.outs) {
      this.setHandler(out, {
        onPull: () => {
          this.#free.push(out);
          this.#awaited.delete(out);
          this.#step();
        },
        onDownstreamFinish: (cause) => {
          this.#awaited.delete(out);
          if (eagerCancel || shape.outs.every((other) => this.isClosed(other))) this.cancelStage(cause);
          else this.#step();
        },
      });
    }
  }

  onPush(): void {
    this.#step();
  }

  onUpstreamFinish(): void {
    if (!this.isAvailable(this.#shape.in)) this.completeStage();
  }

  #step(): void {
    const { in: inlet, outs } = this.#shape;
    if (this.#awaited.size > 0) return;
    if (this.isAvailable(inlet)) {
      const out = this.#nextFree();
      if (out === undefined) return;
      this.push(out, this.grab(inlet));
      if (this.isClosed(inlet)) this.completeStage();
    }
    if (!this.isClosed(inlet) && !this.hasBeenPulled(inlet) && outs.some((out) => this.isAvailable(out)))
      this.pull(inlet);
  }

  #nextFree(): Outlet<T> | undefined {
    for (let out = this.#free.shift(); out !== undefined; out = this.#free.shift()) {
      if (!this.isClosed(out)) return out;
    }
    return undefined;
  }
}
