import assert from "node:assert/strict";
import { type Attributes, GraphStage, type GraphStageLogic, Inlet } from "../graph-stage.ts";
import { TupleFanOutShape } from "./tuple-fan-out-shape.ts";
import { UnzipLogic } from "./unzip-with.ts";

/**
 * Takes pairs, or longer tuples, apart.
 *
 * Emits:         for each array its parts, one at each outlet, by index, once every open outlet is pulled.
 * Backpressures: when any open outlet does.
 * Completes:     when upstream completes.
 * Cancels:       when every outlet has cancelled; parts for one that has are dropped.
 * State:         none.
 * Delivery:      one part an outlet for one in.
 */
export class Unzip<Outs extends readonly unknown[]> extends GraphStage<TupleFanOutShape<Outs, Outs>> {
  override readonly name = "unzip";
  readonly shape: TupleFanOutShape<Outs, Outs>;

  /** @param outputs As many as `Outs` has, at least 1. */
  constructor(outputs: Outs["length"]) {
    super();
    assert(Number.isInteger(outputs) && outputs >= 1, "there is at least one branch");
    this.shape = new TupleFanOutShape<Outs, Outs>(this.name, new Inlet<Outs>("unzip.in"), outputs);
  }

  createLogic(_attributes: Attributes): GraphStageLogic {
    return new UnzipLogic(this.shape, (element: Outs) => element);
  }
}
