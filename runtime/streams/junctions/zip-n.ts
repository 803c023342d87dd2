import assert from "node:assert/strict";
import { type Attributes, GraphStage, type GraphStageLogic, Inlet, Outlet } from "../graph-stage.ts";
import { FanInShape } from "../shape.ts";
import { ZipLogic } from "./zip-with.ts";

/**
 * Lines up the elements of any number of streams of one type.
 *
 * Emits:         an array of the next element of every inlet, by index, once all have one.
 * Backpressures: when downstream does, or any inlet has no element: the fast ones wait for the slow.
 * Completes:     when any upstream has completed and its last element is used.
 * Cancels:       when downstream cancels. A failure of any upstream fails it.
 * State:         one element an inlet, in its port.
 * Delivery:      one out for one of each; elements left over at the end are dropped.
 */
export class ZipN<T> extends GraphStage<FanInShape<T, T[]>> {
  override readonly name = "zipN";
  /** Takes one from elsewhere for each of the cycle; the cycle needs a first element. */
  override readonly boundsCycles = true;
  readonly shape: FanInShape<T, T[]>;

  /** @param inputs At least 1. */
  constructor(inputs: number) {
    super();
    assert(Number.isInteger(inputs) && inputs >= 1, "there is at least one stream to line up");
    const ins = Array.from({ length: inputs }, (_, index) => new Inlet<T>(`zipN.in${index}`));
    this.shape = new FanInShape(ins, new Outlet<T[]>("zipN.out"));
  }

  createLogic(_attributes: Attributes): GraphStageLogic {
    return new ZipLogic(this.shape, this.shape.out, (elements) => elements as T[]);
  }
}
