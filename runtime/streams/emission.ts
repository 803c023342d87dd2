import type { GraphStageLogic, OutHandler, Outlet } from "./graph-stage.ts";

interface Batch {
  readonly iterator: Iterator<unknown>;
  readonly andThen: (() => void) | undefined;
}

/** Stands in for the handler of an outlet while elements given to `emit` wait for demand. */
export class Emission implements OutHandler {
  readonly #logic: GraphStageLogic<unknown>;
  readonly #outlet: Outlet<unknown>;
  readonly #handler: OutHandler;
  readonly #batches: Batch[] = [];
  /** The element to push next, read ahead so that the handler is back the moment the last one is pushed. */
  #next: unknown;
  #completing = false;

  constructor(logic: GraphStageLogic<unknown>, outlet: Outlet<unknown>, handler: OutHandler) {
    this.#logic = logic;
    this.#outlet = outlet;
    this.#handler = handler;
  }

  begin(elements: Iterable<unknown>, andThen: (() => void) | undefined): void {
    this.#logic.setHandler(this.#outlet, this);
    this.#batches.push({ iterator: elements[Symbol.iterator](), andThen });
    this.#advance();
    if (this.#next !== undefined && this.#logic.isAvailable(this.#outlet)) this.onPull();
  }

  append(elements: Iterable<unknown>, andThen: (() => void) | undefined): void {
    this.#batches.push({ iterator: elements[Symbol.iterator](), andThen });
  }

  completeAfterwards(): void {
    this.#completing = true;
  }

  onPull(): void {
    this.#logic.push(this.#outlet, this.#next);
    this.#advance();
  }

  onDownstreamFinish(cause?: Error): void {
    for (const batch of this.#batches) batch.iterator.return?.();
    this.#logic.setHandler(this.#outlet, this.#handler);
    if (this.#handler.onDownstreamFinish === undefined) this.#logic.cancelStage(cause);
    else this.#handler.onDownstreamFinish(cause);
  }

  #advance(): void {
    this.#next = undefined;
    const finished: (() => void)[] = [];
    for (let batch = this.#batches[0]; batch !== undefined; batch = this.#batches[0]) {
      const step = batch.iterator.next();
      if (step.done !== true) {
        this.#next = step.value;
        break;
      }
      this.#batches.shift();
      if (batch.andThen !== undefined) finished.push(batch.andThen);
    }
    if (this.#next === undefined) {
      this.#logic.setHandler(this.#outlet, this.#handler);
      if (this.#completing) this.#logic.complete(this.#outlet);
    }
    // Last, as these may emit again or close the port.
    for (const run of finished) run();
  }
}
