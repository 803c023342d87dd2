import type { SourceElement } from "../../blocks/model/component.ts";
import { ObservationChunk } from "../../blocks/model/observation-chunk.ts";
import { Receipt, Tally } from "../../runtime/receipt.ts";
import { GraphStage, GraphStageLogic, Inlet, Outlet } from "../../runtime/streams/graph-stage.ts";
import { FlowShape } from "../../runtime/streams/shape.ts";

/** Ends a source, and counts what it handed in. */
export interface SourceControl {
  /** Takes nothing more from the source; what it handed in goes on. */
  stop(): void;
  /** Rows handed in. */
  readonly entered: number;
  /** What became of those that are settled. */
  readonly settled: Tally;
  /** Calls `done` once the source has ended and everything it handed in is settled; never where anything of it failed. */
  whenIdle(done: () => void): void;
}

/**
 * Stands behind every source: the place where it is stopped and counted.
 *
 * Emits:         each element, data points under a receipt that is counted and passes on to the source's own.
 * Backpressures: when downstream does.
 * Completes:     when upstream completes, or after `stop`.
 * Cancels:       when downstream cancels, or after `stop`.
 * State:         counters.
 * Delivery:      settling and failure pass through to the receipt of the source.
 */
export class SourceGate extends GraphStage<FlowShape<SourceElement, SourceElement>, SourceControl> {
  readonly shape = new FlowShape(new Inlet<SourceElement>("in"), new Outlet<SourceElement>("out"));

  createLogic(): SourceGateLogic {
    return new SourceGateLogic(this.shape);
  }
}

class SourceGateLogic extends GraphStageLogic<SourceControl> {
  override readonly materialized: SourceControl;
  readonly #settled = new Tally();
  #entered = 0;
  #open = 0;
  #ended = false;
  #failed = false;
  #onIdle: (() => void) | undefined;

  constructor(shape: FlowShape<SourceElement, SourceElement>) {
    super(shape);
    this.setHandler(shape.in, {
      onPush: () => this.push(shape.out, this.#counted(this.grab(shape.in))),
      onUpstreamFinish: () => {
        this.#ended = true;
        this.completeStage();
        this.#noteIdle();
      },
    });
    this.setHandler(shape.out, { onPull: () => this.pull(shape.in) });
    const stop = this.getAsyncCallback(() => this.completeStage());
    const entered = () => this.#entered;
    this.materialized = {
      stop: () => stop(undefined),
      get entered() {
        return entered();
      },
      settled: this.#settled,
      whenIdle: (done) => {
        this.#onIdle = done;
        this.#noteIdle();
      },
    };
  }

  #noteIdle(): void {
    if (!this.#ended || this.#failed || this.#open > 0) return;
    this.#onIdle?.();
    this.#onIdle = undefined;
  }

  #counted(element: SourceElement): SourceElement {
    if (!(element instanceof ObservationChunk)) return element;
    const { receipt, length } = element;
    this.#entered += length;
    this.#open += 1;
    const counted = new Receipt(
      length,
      (tally) => {
        this.#settled.addAll(tally);
        receipt.account(tally);
        receipt.release();
        this.#open -= 1;
        this.#noteIdle();
      },
      (error) => {
        this.#failed = true;
        this.#entered -= length;
        receipt.fail(error);
      },
      receipt,
    );
    return element.under(counted);
  }
}
