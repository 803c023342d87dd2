import assert from "node:assert/strict";
import { type Attributes, GraphStage, GraphStageLogic, Inlet, Outlet } from "../graph-stage.ts";
import { FanInShape } from "../shape.ts";

/**
 * Joins streams that are in order to one that is.
 *
 * Emits:         the smallest of the first elements of all inlets that have not completed; of equal ones that of the first inlet.
 * Backpressures: when downstream does, or any inlet has no element yet.
 * Completes:     when every upstream has completed.
 * Cancels:       when downstream cancels. A failure of any upstream fails it.
 * State:         one element an inlet, in its port.
 * Delivery:      one out for one in; fails where `compare` throws. Inlets that are out of order give an outlet that is.
 */
export class MergeSorted<T> extends GraphStage<FanInShape<T, T>> {
  override readonly name = "mergeSorted";
  readonly shape: FanInShape<T, T>;
  readonly #compare: (a: T, b: T) => number;

  /**
   * @param compare Below 0 where `a` goes before `b`.
   * @param inputs At least 1.
   */
  constructor(compare: (a: T, b: T) => number, inputs = 2) {
    super();
    assert(Number.isInteger(inputs) && inputs >= 1, "there is at least one stream to join");
    const ins = Array.from({ length: inputs }, (_, index) => new Inlet<T>(`mergeSorted.in${index}`));
    this.shape = new FanInShape(ins, new Outlet<T>("mergeSorted.out"));
    this.#compare = compare;
  }

  createLogic(_attributes: Attributes): GraphStageLogic {
    return new MergeSortedLogic(this.shape, this.#compare);
  }
}

interface Held<T> {
  readonly element: T;
}

class MergeSortedLogic<T> extends GraphStageLogic {
  readonly #shape: FanInShape<T, T>;
  readonly #compare: (a: T, b: T) => number;
  /** By inlet: its first element. */
  readonly #held: (Held<T> | undefined)[];

  constructor(shape: FanInShape<T, T>, compare: (a: T, b: T) => number) {
    super(shape);
    this.#shape = shape;
    this.#compare = compare;
    this.#held = shape.ins.map(() => undefined);
    shape.ins.forEach((inlet, index) => {
      this.setHandler(inlet, {
        onPush: () => {
          this.#held[index] = { element: this.grab(inlet) };
          this.#step();
        },
        onUpstreamFinish: () => this.#step(),
      });
    });
    this.setHandler(shape.out, this);
  }

  override preStart(): void {
    for (const inlet of this.#shape.ins) this.tryPull(inlet);
  }

  onPull(): void {
    this.#step();
  }

  #step(): void {
    const { ins, out } = this.#shape;
    if (ins.some((inlet, index) => this.#held[index] === undefined && !this.isClosed(inlet))) return;
    const smallest = this.#smallest();
    if (smallest === undefined) this.completeStage();
    else if (this.isAvailable(out)) {
      this.push(out, smallest.held.element);
      this.#held[smallest.index] = undefined;
      const inlet = ins[smallest.index] as Inlet<T>;
      if (!this.isClosed(inlet)) this.pull(inlet);
      else if (this.#held.every((held) => held === undefined) && ins.every((other) => this.isClosed(other))) {
        this.completeStage();
      }
    }
  }

  #smallest(): { readonly held: Held<T>; readonly index: number } | undefined {
    let found: { readonly held: Held<T>; readonly index: number } | undefined;
    this.#held.forEach((held, index) => {
      if (held === undefined) return;
      if (found === undefined || this.#compare(held.element, found.held.element) < 0) found = { held, index };
    });
    return found;
  }
}
