import type { Kernel, Watch } from "../fused/kernel.ts";
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
 * State:         the last element, or how the stream ended: a cancellation without a cause counts as finished. Where elements
 *                travel in chunks, as of the end of a chunk.
 * Delivery:      one out for one in.
 *
 * @see Pekko, `monitor`
 */
export function monitor<T>(): GraphStage<FlowShape<T, T>, StreamMonitor<T>> {
  return flowStage<T, T, StreamMonitor<T>>("monitor", (shape) => new MonitorLogic(shape));
}

class MonitorLogic<T> extends FlowLogic<T, T, StreamMonitor<T>> {
  override readonly materialized: StreamMonitor<T>;
  readonly kernel: Kernel;
  readonly #seen = new Seen();

  constructor(shape: FlowShape<T, T>) {
    super(shape);
    this.kernel = { kind: "monitor", watch: this.#seen };
    this.materialized = this.#seen as { readonly state: StreamState<T> };
  }

  onPush(): void {
    const element = this.grab(this.in);
    this.#seen.element = element;
    this.push(this.out, element);
  }

  onUpstreamFailure(error: Error): void {
    this.#seen.end(error);
    this.failStage(error);
  }

  onDownstreamFinish(cause?: Error): void {
    this.#seen.end(cause);
    this.cancelStage(cause);
  }

  override postStop(): void {
    // Completed, or stopped from outside: it is over all the same.
    this.#seen.end(undefined);
  }
}

class Seen implements Watch {
  element: unknown = undefined;
  #end: StreamState<never> | undefined;

  get state(): StreamState<unknown> {
    if (this.#end !== undefined) return this.#end;
    return this.element === undefined ? { kind: "initialized" } : { kind: "received", element: this.element };
  }

  /** The first end counts. */
  end(failure: Error | undefined): void {
    this.#end ??= failure === undefined ? { kind: "finished" } : { kind: "failed", error: failure };
    this.element = undefined;
  }
}
