import assert from "node:assert/strict";
import type { Kernel } from "../fused/kernel.ts";
import type { GraphStage } from "../graph-stage.ts";
import { FlowLogic, flowStage } from "../linear-stage.ts";
import type { FlowShape } from "../shape.ts";

/**
 * Gathers elements by number.
 *
 * Emits:         arrays of `count` elements, the last one shorter, never empty.
 * Backpressures: when downstream has not asked for a group.
 * Completes:     when upstream completed and the last group is emitted.
 * Cancels:       when downstream cancels.
 * State:         up to `count` elements.
 * Delivery:      each element in one group, in order; a failure drops the unfinished group.
 *
 * @param count At least 1.
 */
export function grouped<T>(count: number): GraphStage<FlowShape<T, T[]>> {
  assert(Number.isInteger(count) && count >= 1, "a group has at least one element");
  return flowStage<T, T[]>("grouped", (shape) => new GroupedLogic(shape, count));
}

class GroupedLogic<T> extends FlowLogic<T, T[]> {
  readonly kernel: Kernel;
  readonly #count: number;
  #group: T[] = [];

  constructor(shape: FlowShape<T, T[]>, count: number) {
    super(shape);
    this.#count = count;
    this.kernel = { kind: "grouped", count };
  }

  onPush(): void {
    this.#group.push(this.grab(this.in));
    if (this.#group.length === this.#count) this.#pushGroup();
    else this.pull(this.in);
  }

  onUpstreamFinish(): void {
    // Not empty only while downstream waits for a group.
    if (this.#group.length > 0) this.#pushGroup();
    this.completeStage();
  }

  #pushGroup(): void {
    const group = this.#group;
    this.#group = [];
    this.push(this.out, group);
  }
}
