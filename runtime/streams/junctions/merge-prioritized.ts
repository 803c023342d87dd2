import assert from "node:assert/strict";
import { type Attributes, GraphStage, type GraphStageLogic, Inlet, Outlet } from "../graph-stage.ts";
import { FanInShape } from "../shape.ts";
import { ChoosingMergeLogic } from "./choosing-merge-logic.ts";

/**
 * Joins several streams by weight.
 *
 * Emits:         each element of each inlet; where several have one, chance decides in proportion to their priorities.
 * Backpressures: when downstream does.
 * Completes:     when every upstream has completed; with `eagerComplete` when any has, and what waits is dropped.
 * Cancels:       when downstream cancels. A failure of any upstream fails it.
 * State:         one element an inlet, in its port.
 * Delivery:      one out for one in; order holds within an inlet.
 */
export class MergePrioritized<T> extends GraphStage<FanInShape<T, T>> {
  override readonly name = "mergePrioritized";
  readonly shape: FanInShape<T, T>;
  readonly #priorities: readonly number[];
  readonly #eagerComplete: boolean;

  /** @param priorities One an inlet, each above 0. */
  constructor(priorities: readonly number[], eagerComplete = false) {
    super();
    assert(priorities.length >= 1 && priorities.every((priority) => priority > 0), "each stream has a weight above 0");
    const ins = priorities.map((_, index) => new Inlet<T>(`mergePrioritized.in${index}`));
    this.shape = new FanInShape(ins, new Outlet<T>("mergePrioritized.out"));
    this.#priorities = priorities;
    this.#eagerComplete = eagerComplete;
  }

  createLogic(_attributes: Attributes): GraphStageLogic {
    return new MergePrioritizedLogic(this.shape, this.#priorities, this.#eagerComplete);
  }
}

class MergePrioritizedLogic<T> extends ChoosingMergeLogic<T> {
  readonly #ins: readonly Inlet<T>[];
  readonly #priorities: readonly number[];

  constructor(shape: FanInShape<T, T>, priorities: readonly number[], eagerComplete: boolean) {
    super(shape, eagerComplete);
    this.#ins = shape.ins;
    this.#priorities = priorities;
  }

  protected choose(): Inlet<T> | undefined {
    const ready = this.#ins.filter((inlet) => this.isAvailable(inlet));
    if (ready.length < 2) return ready[0];
    const weightOf = (inlet: Inlet<T>) => this.#priorities[inlet.id] ?? 0;
    let left = this.clock.random() * ready.reduce((sum, inlet) => sum + weightOf(inlet), 0);
    for (const inlet of ready) {
      left -= weightOf(inlet);
      if (left < 0) return inlet;
    }
    // Only where rounding has eaten the last weight.
    return ready.at(-1);
  }
}
