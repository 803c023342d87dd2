import type { Graph } from "../graph-stage.ts";
import { SinkLogic, sinkStage } from "../linear-stage.ts";
import type { SinkShape } from "../shape.ts";
import { Sink } from "../sink.ts";
import { SubSource } from "../sub-source.ts";
import { type RestartSettings, Restarts } from "./restarts.ts";

export const RestartSink = {
  /**
   * Makes its sink anew whenever it cancels or fails, after a pause that grows.
   *
   * Emits:         each element to the sink of `create` that runs.
   * Backpressures: when that sink does, and during a pause.
   * Completes:     when upstream completes.
   * Cancels:       when a sink ends and the restarts are used up, or `restartOn` does not hold.
   * State:         one sink, on an island of its own, and one element, in its port.
   * Delivery:      lossy: what was on its way to a sink that ends is gone.
   */
  withBackoff<T>(settings: RestartSettings, create: () => Graph<SinkShape<T>, unknown>): Sink<T> {
    return Sink.fromStage(
      sinkStage<T>("restartSink", (shape) => new RestartSinkLogic(shape, new Restarts(settings, "any"), create)),
    );
  },
} as const;

class RestartSinkLogic<T> extends SinkLogic<T> {
  readonly #restarts: Restarts;
  readonly #create: () => Graph<SinkShape<T>, unknown>;
  /** Undefined during a pause. */
  #inner: SubSource<T> | undefined;

  constructor(shape: SinkShape<T>, restarts: Restarts, create: () => Graph<SinkShape<T>, unknown>) {
    super(shape);
    this.#restarts = restarts;
    this.#create = create;
  }

  override preStart(): void {
    this.onTimer();
  }

  onPush(): void {
    // Else it was asked for by a sink that has ended, and waits for the next.
    if (this.#inner?.available === true) this.#inner.push(this.grab(this.in));
  }

  onUpstreamFinish(): void {
    const { in: inlet } = this;
    if (this.isAvailable(inlet)) this.setKeepGoing(true);
    else this.#finish();
  }

  onUpstreamFailure(error: Error): void {
    this.#inner?.fail(error);
    this.completeStage();
  }

  override onTimer(): void {
    const inner = new SubSource<T>(this, "restartSink.in", {
      onPull: () => {
        if (this.isAvailable(this.in)) {
          inner.push(this.grab(this.in));
          if (this.isClosed(this.in)) this.#finish();
        } else if (!this.isClosed(this.in) && !this.hasBeenPulled(this.in)) this.pull(this.in);
      },
      onDownstreamFinish: (cause) => this.#onEnd(cause),
    });
    this.#inner = inner;
    inner.run(this.#create());
  }

  override postStop(): void {
    this.#inner?.complete();
  }

  #finish(): void {
    this.#inner?.complete();
    this.completeStage();
  }

  #onEnd(cause: Error | undefined): void {
    this.#inner = undefined;
    const pauseMs = this.#restarts.next(cause, this.clock);
    if (pauseMs === undefined) this.cancelStage(cause);
    else this.scheduleOnce("restart", pauseMs);
  }
}
