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
          if (this.isAvailable(shape.out)) this.#pass(inlet);
        },
        onUpstreamFinish: () => {
          if (this.#eagerComplete) this.completeStage();
          else this.#completeIfDone();
        },
      });
    }
    this.setHandler(shape.out, this);
  }

  /** @param ready Inlets whose element waits, by index; at least one. */
  protected abstract choose(ready: readonly Inlet<T>[]): Inlet<T> | undefined;

  override preStart(): void {
    for (const inlet of this.#shape.ins) this.tryPull(inlet);
  }

  onPull(): void {
    this.#demand = this.demandOf(this.#shape.out);
    const ready = this.#shape.ins.filter((inlet) => this.isAvailable(inlet));
    const inlet = ready.length > 1 ? this.choose(ready) : ready[0];
    if (inlet === undefined) return;
    this.#pass(inlet);
    this.#completeIfDone();
  }

  #pass(inlet: Inlet<T>): void {
    if (this.pass(inlet, this.#shape.out) && !this.isClosed(inlet)) this.pullChunk(inlet, this.#demand);
  }

  #completeIfDone(): void {
    if (this.#shape.ins.every((inlet) => this.isClosed(inlet) && !this.isAvailable(inlet))) this.completeStage();
  }
}
