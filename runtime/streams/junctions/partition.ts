import assert from "node:assert/strict";
import { ChunkLogic } from "../chunk-logic.ts";
import { type Attributes, GraphStage, type GraphStageLogic, Inlet, Outlet } from "../graph-stage.ts";
import { noBranch } from "../fused/fused-state.ts";
import type { LoopExit } from "../fused/kernel.ts";
import type { LoopExitLogic } from "../fused/loop.ts";
import { FanOutShape } from "../shape.ts";

/**
 * Gives each element to one branch.
 *
 * Emits:         each element at the outlet whose index `choose(element)` gives.
 * Backpressures: when the outlet chosen does: one slow branch stops all, once as many elements wait as a branch has asked for at once.
 * Completes:     when upstream completed and what waits is emitted.
 * Cancels:       when every outlet has cancelled; what is chosen for one that has is dropped. With `eagerCancel` when any has.
 * State:         what one branch has asked for at once: one element, or a chunk, which waits where other branches were chosen.
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

class PartitionLogic<T> extends ChunkLogic implements LoopExitLogic {
  readonly endsLoops: ((element: unknown) => number) | undefined;
  kernel: LoopExit | undefined = undefined;
  readonly #shape: FanOutShape<T, T>;
  readonly #choose: (element: T) => number;
  /** By outlet: what is chosen for it and waits. */
  readonly #waiting: T[][];
  /** How many of the elements that came last have a branch. */
  #chosenCount = 0;
  /** The branch of them all, where they have one. */
  #onlyChosen: number | undefined;
  /** The branch of each, where they have several. */
  readonly #chosen: number[] = [];
  #waitingCount = 0;
  /** The most that a branch has asked for at once may wait: 1 where all take single elements. */
  #waitingMax = 1;
  #openCount: number;
  readonly #eagerCancel: boolean;

  constructor(shape: FanOutShape<T, T>, choose: (element: T) => number, eagerCancel: boolean) {
    super(shape);
    this.#eagerCancel = eagerCancel;
    this.#shape = shape;
    this.#choose = choose;
    this.#openCount = shape.outs.length;
    this.#waiting = shape.outs.map(() => []);
    this.endsLoops = eagerCancel && shape.outs.length === 2 ? (choose as (element: unknown) => number) : undefined;
    this.setHandler(shape.in, this);
    shape.outs.forEach((out, index) => {
      this.setHandler(out, {
        onPull: () => this.#onPull(out, index),
        onDownstreamFinish: (cause) => this.#onCancel(index, cause),
      });
    });
  }

  onPush(): void {
    const elements = this.grabChunk(this.#shape.in);
    try {
      this.#chooseAll(elements);
    } finally {
      // Those before one for which it throws have their branches.
      this.#handOut(elements);
    }
    this.#askForMore();
  }

  onUpstreamFinish(): void {
    if (this.#waitingCount === 0) this.completeStage();
  }

  #chooseAll(elements: readonly T[]): void {
    const choose = this.#choose;
    const chosen = this.#chosen;
    const { outs } = this.#shape;
    let count = 0;
    let first = -1;
    let same = true;
    try {
      for (; count < elements.length; count += 1) {
        const index = choose(elements[count] as T);
        if (same && index === first) continue;
        if (outs[index] === undefined) throw noBranch(outs.length, index);
        if (count === 0) first = index;
        else if (same) {
          same = false;
          for (let row = 0; row < count; row += 1) chosen[row] = first;
        }
        chosen[count] = index;
      }
    } finally {
      this.#chosenCount = count;
      this.#onlyChosen = same && count > 0 ? first : undefined;
    }
  }

  #handOut(elements: readonly T[]): void {
    const { outs } = this.#shape;
    const only = this.#onlyChosen;
    if (only !== undefined && this.#chosenCount === elements.length && this.#waiting[only]?.length === 0) {
      const out = outs[only] as Outlet<T>;
      if (this.demandOf(out) >= elements.length) {
        // As they came: elements of one kind often come together.
        this.pushChunk(out, elements);
        return;
      }
    }
    for (let row = 0; row < this.#chosenCount; row += 1) {
      const index = only ?? this.#chosen[row] ?? 0;
      if (this.isClosed(outs[index] as Outlet<T>)) continue;
      this.#waiting[index]?.push(elements[row] as T);
      this.#waitingCount += 1;
    }
    for (let index = 0; index < outs.length; index += 1) this.#send(outs[index] as Outlet<T>, index);
  }

  #send(out: Outlet<T>, index: number): void {
    const waiting = this.#waiting[index] as T[];
    const count = Math.min(waiting.length, this.demandOf(out));
    if (count === 0) return;
    this.#waitingCount -= count;
    if (count === 1) this.push(out, waiting.shift() as T);
    else if (count < waiting.length) this.pushChunk(out, waiting.splice(0, count));
    else {
      this.pushChunk(out, waiting);
      this.#waiting[index] = [];
    }
  }

  #onPull(out: Outlet<T>, index: number): void {
    this.#send(out, index);
    this.#goOn();
  }

  #onCancel(index: number, cause: Error | undefined): void {
    this.#openCount -= 1;
    this.#waitingCount -= this.#waiting[index]?.length ?? 0;
    this.#waiting[index] = [];
    if (this.#openCount === 0 || this.#eagerCancel) this.cancelStage(cause);
    else this.#goOn();
  }

  #goOn(): void {
    if (this.#waitingCount === 0 && this.isClosed(this.#shape.in)) this.completeStage();
    else this.#askForMore();
  }

  /** Any branch that can take some is reason enough: for which one the next is, is not known before. */
  #askForMore(): void {
    const { in: inlet, outs } = this.#shape;
    if (this.isClosed(inlet) || this.hasBeenPulled(inlet)) return;
    let demand = 0;
    for (let index = 0; index < outs.length; index += 1) {
      demand = Math.max(demand, this.demandOf(outs[index] as Outlet<T>));
    }
    this.#waitingMax = Math.max(this.#waitingMax, demand);
    const wanted = Math.min(demand, this.#waitingMax - this.#waitingCount);
    if (wanted > 0) this.pullChunk(inlet, wanted);
  }
}
