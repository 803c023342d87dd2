import assert from "node:assert/strict";
import { type Attributes, GraphStage, GraphStageLogic, Inlet, Outlet } from "../graph-stage.ts";
import { FanInShape } from "../shape.ts";

/**
 * Gives one stream after another.
 *
 * Emits:         all elements of the first inlet, then all of the second, and so on.
 * Backpressures: when downstream does; an inlet is asked for nothing before those ahead of it have completed.
 * Completes:     when every upstream has completed.
 * Cancels:       when downstream cancels. A failure of any upstream fails it at once, also before its turn.
 * State:         the index of the inlet whose turn it is.
 * Delivery:      one out for one in, in order.
 */
export class Concat<T> extends GraphStage<FanInShape<T, T>> {
  override readonly name = "concat";
  readonly shape: FanInShape<T, T>;

  /** @param inputs At least 1. */
  constructor(inputs = 2) {
    super();
    assert(Number.isInteger(inputs) && inputs >= 1, "there is at least one stream to give");
    const ins = Array.from({ length: inputs }, (_, index) => new Inlet<T>(`concat.in${index}`));
    this.shape = new FanInShape(ins, new Outlet<T>("concat.out"));
  }

  createLogic(_attributes: Attributes): GraphStageLogic {
    return new ConcatLogic(this.shape);
  }
}

class ConcatLogic<T> extends GraphStageLogic {
  readonly #shape: FanInShape<T, T>;
  #current = 0;

  constructor(shape: FanInShape<T, T>) {
    super(shape);
    this.#shape = shape;
    shape.ins.forEach((inlet, index) => {
      this.setHandler(inlet, {
        onPush: () => this.push(shape.out, this.grab(inlet)),
        onUpstreamFinish: () => {
          if (index === this.#current) this.#moveOn();
        },
      });
    });
    this.setHandler(shape.out, this);
  }

  onPull(): void {
    const inlet = this.#shape.ins[this.#current];
    if (inlet !== undefined) this.pull(inlet);
  }

  #moveOn(): void {
    const { ins, out } = this.#shape;
    let inlet: Inlet<T> | undefined;
    do {
      this.#current += 1;
      inlet = ins[this.#current];
    } while (inlet !== undefined && this.isClosed(inlet));
    if (inlet === undefined) this.completeStage();
    else if (this.isAvailable(out)) this.pull(inlet);
  }
}
