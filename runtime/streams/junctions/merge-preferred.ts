import assert from "node:assert/strict";
import { type Attributes, GraphStage, type GraphStageLogic, Inlet, Outlet } from "../graph-stage.ts";
import type { LoopEntry } from "../fused/kernel.ts";
import type { LoopEntryLogic } from "../fused/loop.ts";
import { FanInShape } from "../shape.ts";
import { ChoosingMergeLogic } from "./choosing-merge-logic.ts";

/**
 * Joins several streams, one of them first.
 *
 * Emits:         each element of each inlet; where several have one, that of `preferred`, the first inlet, goes first. The others can
 *                wait for ever.
 * Backpressures: when downstream does.
 * Completes:     when every upstream has completed; with `eagerComplete` when any has, and what waits is dropped.
 * Cancels:       when downstream cancels. A failure of any upstream fails it.
 * State:         one element an inlet, in its port.
 * Delivery:      one out for one in; order holds within an inlet.
 */
export class MergePreferred<T> extends GraphStage<FanInShape<T, T>> {
  override readonly name = "mergePreferred";
  /** Takes nothing from elsewhere while the preferred inlet has elements; what else is to get its turn must leave the cycle. */
  override readonly boundsCycles = [0];
  readonly shape: FanInShape<T, T>;
  readonly #eagerComplete: boolean;

  /** @param secondaryInputs At least 1, besides the preferred. */
  constructor(secondaryInputs: number, eagerComplete = false) {
    super();
    assert(
      Number.isInteger(secondaryInputs) && secondaryInputs >= 1,
      "there is at least one stream besides the preferred",
    );
    const others = Array.from({ length: secondaryInputs }, (_, index) => new Inlet<T>(`mergePreferred.in${index + 1}`));
    const ins = [new Inlet<T>("mergePreferred.preferred"), ...others];
    this.shape = new FanInShape(ins, new Outlet<T>("mergePreferred.out"));
    this.#eagerComplete = eagerComplete;
  }

  createLogic(_attributes: Attributes): GraphStageLogic {
    return new MergePreferredLogic(this.shape, this.#eagerComplete);
  }
}

class MergePreferredLogic<T> extends ChoosingMergeLogic<T> implements LoopEntryLogic {
  readonly beginsLoops: boolean;
  kernel: LoopEntry | undefined = undefined;
  readonly #ins: readonly Inlet<T>[];

  constructor(shape: FanInShape<T, T>, eagerComplete: boolean) {
    super(shape, eagerComplete);
    this.beginsLoops = !eagerComplete && shape.ins.length === 2;
    this.#ins = shape.ins;
  }

  /** What is already on its way to the preferred inlet goes first as well: a loop would else let in more than it can hold. */
  protected choose(): Inlet<T> | undefined {
    const [preferred] = this.#ins;
    for (const inlet of this.#ins) {
      if (this.isAvailable(inlet)) return inlet;
      if (inlet === preferred && this.isArriving(inlet)) return undefined;
    }
    return undefined;
  }
}
