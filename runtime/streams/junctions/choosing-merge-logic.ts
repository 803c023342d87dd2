import { ChunkLogic } from "../chunk-logic.ts";
import type { Inlet } from "../graph-stage.ts";
import type { FanInShape } from "../shape.ts";

/** Joins streams; where several have an element when downstream asks, `choose` says which goes first. */
export abstract class ChoosingMergeLogic<T> extends ChunkLogic {
  readonly #shape: FanInShape<T, T>;
  readonly #eagerComplete: boolean;
  /** What downstream last asked for is what each inlet is asked for. */
  #demand = 1;

  constructor(shape: FanInShape<T, T>, eagerComplete: boolean) {
    super(shape);
    this.#shape = shape;
    this.#eagerComplete = eagerComplete;
    for (const inlet of shape.ins) {
      this.setHandler(inlet, {
        onPush: () => {
          if (this.isAvailable(shape.out)) this.#passNext();
        },
        onUpstreamFinish: () => {
          if (this.#eagerComplete) this.completeStage();
          else this.#completeIfDone();
        },
      });
    }
    this.setHandler(shape.out, this);
  }

  /** An inlet that is available; undefined where none is, or to wait for the next to arrive. */
  protected abstract choose(): Inlet<T> | undefined;

  override preStart(): void {
    for (const inlet of this.#shape.ins) this.tryPull(inlet);
  }

  onPull(): void {
    const demand = this.demandOf(this.#shape.out);
    if (demand > this.#demand) this.raiseDemand(this.#shape.ins, demand);
    this.#demand = demand;
    if (this.#passNext()) this.#completeIfDone();
  }

  #passNext(): boolean {
    const inlet = this.choose();
    if (inlet === undefined) return false;
    if (this.pass(inlet, this.#shape.out) && !this.isClosed(inlet)) this.pullChunk(inlet, this.#demand);
    return true;
  }

  #completeIfDone(): void {
    for (const inlet of this.#shape.ins) if (!this.isClosed(inlet) || this.isAvailable(inlet)) return;
    this.completeStage();
  }
}
