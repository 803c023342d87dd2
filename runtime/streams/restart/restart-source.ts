import type { Graph } from "../graph-stage.ts";
import { SourceLogic, sourceStage } from "../linear-stage.ts";
import type { SourceShape } from "../shape.ts";
import { Source } from "../source.ts";
import { SubSink } from "../sub-sink.ts";
import { type RestartCause, type RestartSettings, Restarts } from "./restarts.ts";

export const RestartSource = {
  /**
   * Makes its source anew whenever it ends, after a pause that grows.
   *
   * Emits:         the elements of the sources of `create`.
   * Backpressures: when downstream does; during a pause it emits nothing.
   * Completes:     when a source completes and the restarts are used up; else never: end it by a `KillSwitch`.
   * Cancels:       the running source, or the pause.
   * State:         one source, on an island of its own.
   * Delivery:      fails when a source fails and the restarts are used up, or `restartOn` does not hold.
   */
  withBackoff<T>(settings: RestartSettings, create: () => Graph<SourceShape<T>, unknown>): Source<T> {
    return restarting(settings, "any", create);
  },

  /**
   * Makes its source anew whenever it fails, after a pause that grows.
   *
   * Emits:         the elements of the sources of `create`.
   * Backpressures: when downstream does; during a pause it emits nothing.
   * Completes:     when a source completes.
   * Cancels:       the running source, or the pause.
   * State:         one source, on an island of its own.
   * Delivery:      fails when a source fails and the restarts are used up, or `restartOn` does not hold.
   */
  onFailuresWithBackoff<T>(settings: RestartSettings, create: () => Graph<SourceShape<T>, unknown>): Source<T> {
    return restarting(settings, "failure", create);
  },
} as const;

function restarting<T>(
  settings: RestartSettings,
  cause: RestartCause,
  create: () => Graph<SourceShape<T>, unknown>,
): Source<T> {
  return Source.fromStage(
    sourceStage<T>("restartSource", (shape) => new RestartSourceLogic(shape, new Restarts(settings, cause), create)),
  );
}

class RestartSourceLogic<T> extends SourceLogic<T> {
  readonly #restarts: Restarts;
  readonly #create: () => Graph<SourceShape<T>, unknown>;
  /** Undefined during a pause. */
  #inner: SubSink<T> | undefined;

  constructor(shape: SourceShape<T>, restarts: Restarts, create: () => Graph<SourceShape<T>, unknown>) {
    super(shape);
    this.#restarts = restarts;
    this.#create = create;
  }

  override preStart(): void {
    this.onTimer();
  }

  onPull(): void {
    this.#inner?.pull();
  }

  onDownstreamFinish(cause?: Error): void {
    this.#inner?.cancel(cause);
    this.cancelStage(cause);
  }

  override onTimer(): void {
    const inner = new SubSink<T>(this, {
      onPush: (element) => this.push(this.out, element),
      onUpstreamFinish: () => this.#onEnd(undefined),
      onUpstreamFailure: (error) => this.#onEnd(error),
    });
    this.#inner = inner;
    inner.run(this.#create());
    if (this.isAvailable(this.out)) inner.pull();
  }

  override postStop(): void {
    this.#inner?.cancel();
  }

  #onEnd(error: Error | undefined): void {
    this.#inner = undefined;
    const pauseMs = this.#restarts.next(error, this.clock);
    if (pauseMs === undefined) this.cancelStage(error);
    else this.scheduleOnce("restart", pauseMs);
  }
}
