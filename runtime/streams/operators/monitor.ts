import type { GraphStage } from "../graph-stage.ts";
import { FlowLogic, flowStage } from "../linear-stage.ts";
import type { FlowShape } from "../shape.ts";

/** What a monitor last saw. */
export type StreamState<T> =
  | { readonly kind: "initialized" }
  | { readonly kind: "received"; readonly element: T }
  | { readonly kind: "failed"; readonly error: Error }
  | { readonly kind: "finished" };

/** Looks at a stream from outside. */
export interface StreamMonitor<out T> {
  readonly state: StreamState<T>;
}

/**
 * Lets others see how far a stream is.
 *
 * Emits:         each element, unchanged. Materialises the monitor.
 * Backpressures: when downstream does.
 * Completes:     when upstream completes.
 * Cancels:       when downstream cancels.
 * State:         the last element, or how the stream ended: a cancellation without a cause counts as finished.
 * Delivery:      one out for one in.
 *
 * @see Pekko, `monitor`
 */
export function monitor<T>(): GraphStage<FlowShape<T, T>, StreamMonitor<T>> {
  return flowStage<T, T, StreamMonitor<T>>("monitor", (shape) => new MonitorLogic(shape));
}

class MonitorLogic<T> extends FlowLogic<T, T, StreamMonitor<T>> {
  override readonly materialized: StreamMonitor<T>;
  #state: StreamState<T> = { kind: "initialized" };

  constructor(shape: FlowShape<T, T>) {
    super(shape);
    const state = () => this.#state;
    this.materialized = {
      get state() {
        return state();
      },
    };
  }

  onPush(): void {
    const element = this.grab(this.in);
    this.#state = { kind: "received", element };
    this.push(this.out, element);
  }

  onUpstreamFinish(): void {
    this.#state = { kind: "finished" };
    this.completeStage();
  }

  onUpstreamFailure(error: Error): void {
    this.#state = { kind: "failed", error };
    this.failStage(error);
  }

  onDownstreamFinish(cause?: Error): void {
    this.#state = cause === undefined ? { kind: "finished" } : { kind: "failed", error: cause };
    this.cancelStage(cause);
  }

  override postStop(): void {
    // Stopped from outside: it is over all the same.
    if (this.#state.kind !== "failed") this.#state = { kind: "finished" };
  }
}
