import { EngineError } from "../../errors.ts";
import type { GraphStage } from "../graph-stage.ts";
import { FlowLogic, flowStage } from "../linear-stage.ts";
import type { FlowShape } from "../shape.ts";
import { Settlement } from "./settlement.ts";

/**
 * Tells when and how a stream ends here.
 *
 * Emits:         each element, unchanged. Materialises a promise.
 * Backpressures: when downstream does.
 * Completes:     when upstream completes.
 * Cancels:       when downstream cancels.
 * State:         none. The promise resolves when upstream completes or downstream cancels without a cause; it rejects with the
 *                failure of either, or with `STREAM_STOPPED`.
 * Delivery:      one out for one in.
 *
 * @see Pekko, `watchTermination`
 */
export function watchTermination<T>(): GraphStage<FlowShape<T, T>, Promise<void>> {
  return flowStage<T, T, Promise<void>>("watchTermination", (shape) => new WatchTerminationLogic(shape));
}

class WatchTerminationLogic<T> extends FlowLogic<T, T, Promise<void>> {
  readonly #settlement = new Settlement<void>();
  override readonly materialized: Promise<void> = this.#settlement.promise;

  onPush(): void {
    this.push(this.out, this.grab(this.in));
  }

  onUpstreamFinish(): void {
    this.#settlement.resolve();
    this.completeStage();
  }

  onUpstreamFailure(error: Error): void {
    this.#settlement.reject(error);
    this.failStage(error);
  }

  onDownstreamFinish(cause?: Error): void {
    if (cause === undefined) this.#settlement.resolve();
    else this.#settlement.reject(cause);
    this.cancelStage(cause);
  }

  override postStop(): void {
    const sentence = "Cannot see the stream end as it must complete, fail or be cancelled: it was stopped";
    this.#settlement.reject(new EngineError("STREAM_STOPPED", sentence));
  }
}
