import assert from "node:assert/strict";
import { type Attributes, GraphStage, type GraphStageLogic, Outlet } from "../graph-stage.ts";
import { TupleFanInShape } from "./tuple-fan-in-shape.ts";
import { ZipLogic } from "./zip-with.ts";

/**
 * Pairs the elements of several streams.
 *
 * Emits:         an array of the next element of every inlet, by index, once all have one.
 * Backpressures: when downstream does, or any inlet has no element: the fast ones wait for the slow.
 * Completes:     when any upstream has completed and its last element is used.
 * Cancels:       when downstream cancels. A failure of any upstream fails it.
 * State:         one element an inlet, in its port.
 * Delivery:      one out for one of each; elements left over at the end are dropped.
 */
export class Zip<Ins extends readonly unknown[]> extends GraphStage<TupleFanInShape<Ins, Ins>> {
  override readonly name = "zip";
  /** Takes one from elsewhere for each of the cycle; the cycle needs a first element. */
  override readonly boundsCycles = true;
  readonly shape: TupleFanInShape<Ins, Ins>;

  /** @param inputs As many as `Ins` has, at least 1. */
  constructor(inputs: Ins["length"]) {
    super();
    assert(Number.isInteger(inputs) && inputs >= 1, "there is at least one stream to pair");
    this.shape = new TupleFanInShape<Ins, Ins>(this.name, inputs, new Outlet<Ins>("zip.out"));
  }

  createLogic(_attributes: Attributes): GraphStageLogic {
    return new ZipLogic(this.shape, this.shape.out, (elements) => elements as unknown as Ins);
  }
}
