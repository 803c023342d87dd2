import { EngineError } from "../../errors.ts";
import type { GraphStage } from "../graph-stage.ts";
import { SinkLogic, sinkStage } from "../linear-stage.ts";
import type { SinkShape } from "../shape.ts";

/**
 * Calls a function when the stream is over.
 *
 * Emits:         nothing.
 * Backpressures: never.
 * Completes:     when upstream completes.
 * Cancels:       never by itself.
 * State:         none.
 * Delivery:      elements are dropped; `run` is called once, with the failure where there was one, `STREAM_STOPPED` where the run was
 *                stopped.
 */
export function onComplete<T>(run: (error?: Error) => void): GraphStage<SinkShape<T>> {
  return sinkStage<T>("onComplete", (shape) => new OnCompleteLogic(shape, run));
}

class OnCompleteLogic<T> extends SinkLogic<T> {
  readonly #run: (error?: Error) => void;
  #told = false;

  constructor(shape: SinkShape<T>, run: (error?: Error) => void) {
    super(shape);
    this.#run = run;
  }

  onPush(): void {
    this.grab(this.in);
    this.pull(this.in);
  }

  onUpstreamFinish(): void {
    this.#told = true;
    this.#run();
    this.completeStage();
  }

  onUpstreamFailure(error: Error): void {
    this.#told = true;
    this.#run(error);
    this.failStage(error);
  }

  override postStop(): void {
    if (this.#told) return;
    this.#run(new EngineError("STREAM_STOPPED", "Cannot finish the sink as the stream must complete: it was stopped"));
  }
}
