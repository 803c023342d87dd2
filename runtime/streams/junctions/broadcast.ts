import assert from "node:assert/strict";
import { ChunkLogic } from "../chunk-logic.ts";
import { type Attributes, GraphStage, type GraphStageLogic, Inlet, Outlet } from "../graph-stage.ts";
import { FanOutShape } from "../shape.ts";

/**
 * Gives each element to every branch.
 *
 * Emits:         each element at each open outlet, once all of them are pulled.
 * Backpressures: when any open outlet does.
 * Completes:     when upstream completes.
 * Cancels:       when every outlet has cancelled; an outlet that cancels earlier, also by failing, only leaves. With `eagerCancel` when any
 *                has.
 * State:         none.
 * Delivery:      the same element to all. `onCopy` is told before each how many copies beyond the first are made, to hold the
 *                receipt so many times more.
 */
export class Broadcast<T> extends GraphStage<FanOutShape<T, T>> {
  override readonly name = "broadcast";
  readonly shape: FanOutShape<T, T>;
  readonly #onCopy: ((element: T, copies: number) => void) | undefined;
  readonly #eagerCancel: boolean;

  /**
   * @param outputs At least 1.
   * @param onCopy Called where there is more than one open outlet.
   */
  constructor(outputs: number, onCopy?: (element: T, copies: number) => void, eagerCancel = false) {
    super();
    assert(Number.isInteger(outputs) && outputs >= 1, "there is at least one branch");
    const outs = Array.from({ length: outputs }, (_, index) => new Outlet<T>(`broadcast.out${index}`));
    this.shape = new FanOutShape(new Inlet<T>("broadcast.in"), outs);
    this.#onCopy = onCopy;
    this.#eagerCancel = eagerCancel;
  }

  createLogic(_attributes: Attributes): GraphStageLogic {
    return new BroadcastLogic(this.shape, this.#onCopy, this.#eagerCancel);
  }
}

class BroadcastLogic<T> extends ChunkLogic {
  readonly #shape: FanOutShape<T, T>;
  readonly #onCopy: ((element: T, copies: number) => void) | undefined;
  /** By outlet: open and not pulled. */
  readonly #waitsFor: boolean[];
  #waitsForCount: number;
  #openCount: number;
  readonly #eagerCancel: boolean;

  constructor(
    shape: FanOutShape<T, T>,
    onCopy: ((element: T, copies: number) => void) | undefined,
    eagerCancel: boolean,
  ) {
    super(shape);
    this.#eagerCancel = eagerCancel;
    this.#shape = shape;
    this.#onCopy = onCopy;
    this.#openCount = shape.outs.length;
    this.#waitsForCount = shape.outs.length;
    this.#waitsFor = shape.outs.map(() => true);
    this.setHandler(shape.in, this);
    shape.outs.forEach((out, index) => {
      this.setHandler(out, {
        onPull: () => this.#onReady(index),
        onDownstreamFinish: (cause) => this.#onCancel(index, cause),
      });
    });
  }

  onPush(): void {
    const elements = this.grabChunk(this.#shape.in);
    if (this.#openCount > 1 && this.#onCopy !== undefined) {
      for (const element of elements) this.#onCopy(element, this.#openCount - 1);
    }
    this.#waitsForCount = this.#openCount;
    this.#shape.outs.forEach((out, index) => {
      if (this.isClosed(out)) return;
      this.#waitsFor[index] = true;
      this.pushChunk(out, elements);
    });
  }

  #onReady(index: number): void {
    this.#waitsFor[index] = false;
    this.#waitsForCount -= 1;
    if (this.#waitsForCount === 0 && !this.isClosed(this.#shape.in)) this.pullChunk(this.#shape.in, this.#demand());
  }

  /** What every open branch can take. */
  #demand(): number {
    return this.#shape.outs.reduce(
      (least, out) => (this.isClosed(out) ? least : Math.min(least, this.demandOf(out))),
      Number.POSITIVE_INFINITY,
    );
  }

  #onCancel(index: number, cause: Error | undefined): void {
    this.#openCount -= 1;
    if (this.#openCount === 0 || this.#eagerCancel) this.cancelStage(cause);
    // It may have been the one that all waited for.
    else if (this.#waitsFor[index] === true) this.#onReady(index);
  }
}
