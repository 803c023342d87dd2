import assert from "node:assert/strict";
import { type Attributes, GraphStage, GraphStageLogic, Inlet, type Outlet } from "../graph-stage.ts";
import { TupleFanOutShape } from "./tuple-fan-out-shape.ts";

/**
 * Takes each element apart.
 *
 * Emits:         for each element the parts that `split` gives, one at each outlet, by index, once every open outlet is pulled.
 * Backpressures: when any open outlet does.
 * Completes:     when upstream completes.
 * Cancels:       when every outlet has cancelled; parts for one that has are dropped.
 * State:         none.
 * Delivery:      one part an outlet for one in; fails where `split` throws.
 */
export class UnzipWith<In, Outs extends readonly unknown[]> extends GraphStage<TupleFanOutShape<In, Outs>> {
  override readonly name = "unzipWith";
  readonly shape: TupleFanOutShape<In, Outs>;
  readonly #split: (element: In) => Outs;

  /** @param outputs As many as `Outs` has, at least 1. */
  constructor(outputs: Outs["length"], split: (element: In) => Outs) {
    super();
    assert(Number.isInteger(outputs) && outputs >= 1, "there is at least one branch");
    this.shape = new TupleFanOutShape<In, Outs>(this.name, new Inlet<In>("unzipWith.in"), outputs);
    this.#split = split;
  }

  createLogic(_attributes: Attributes): GraphStageLogic {
    return new UnzipLogic(this.shape, this.#split);
  }
}

/** Waits until every open outlet is pulled, then gives each its part. */
export class UnzipLogic<In, Outs extends readonly unknown[]> extends GraphStageLogic {
  readonly #in: Inlet<In>;
  readonly #outs: readonly Outlet<unknown>[];
  readonly #split: (element: In) => Outs;

  constructor(shape: TupleFanOutShape<In, Outs>, split: (element: In) => Outs) {
    super(shape);
    this.#in = shape.in;
    this.#outs = shape.outlets;
    this.#split = split;
    this.setHandler(shape.in, this);
    for (const out of this.#outs) {
      this.setHandler(out, {
        onPull: () => this.#pullIfWanted(),
        onDownstreamFinish: (cause) => {
          if (this.#outs.every((other) => this.isClosed(other))) this.cancelStage(cause);
          else this.#pullIfWanted();
        },
      });
    }
  }

  onPush(): void {
    const parts = this.#split(this.grab(this.#in));
    this.#outs.forEach((out, index) => {
      if (!this.isClosed(out)) this.push(out, parts[index]);
    });
  }

  #pullIfWanted(): void {
    if (this.isClosed(this.#in) || this.hasBeenPulled(this.#in)) return;
    if (this.#outs.every((out) => this.isClosed(out) || this.isAvailable(out))) this.pull(this.#in);
  }
}
