import { inSeries } from "../blueprint.ts";
import { Flow } from "../flow.ts";
import type { Graph } from "../graph-stage.ts";
import { FlowLogic, flowStage } from "../linear-stage.ts";
import { type FlowShape, SourceShape } from "../shape.ts";
import { SubSink } from "../sub-sink.ts";
import { SubSource } from "../sub-source.ts";
import { type RestartCause, type RestartSettings, Restarts } from "./restarts.ts";

export const RestartFlow = {
  /**
   * Makes its flow anew whenever it ends, after a pause that grows.
   *
   * Emits:         what the flows of `create` emit.
   * Backpressures: when the running flow does, and during a pause.
   * Completes:     when upstream completed and the flow has; or a flow completes by itself and the restarts are used up.
   * Cancels:       when downstream cancels, or a flow ends by itself and the restarts are used up.
   * State:         one flow, on an island of its own, and one element, in its port.
   * Delivery:      lossy: what is inside a flow that ends is gone. Fails when a flow fails and the restarts are used up, or
   *                `restartOn` does not hold.
   */
  withBackoff<In, Out>(settings: RestartSettings, create: () => Graph<FlowShape<In, Out>, unknown>): Flow<In, Out> {
    return restarting(settings, "any", create);
  },

  /**
   * Makes its flow anew whenever it fails, after a pause that grows.
   *
   * Emits:         what the flows of `create` emit.
   * Backpressures: when the running flow does, and during a pause.
   * Completes:     when a flow completes, also by itself.
   * Cancels:       when downstream cancels, or a flow completes by itself.
   * State:         one flow, on an island of its own, and one element, in its port.
   * Delivery:      lossy: what is inside a flow that fails is gone. Fails when a flow fails and the restarts are used up, or
   *                `restartOn` does not hold.
   */
  onFailuresWithBackoff<In, Out>(
    settings: RestartSettings,
    create: () => Graph<FlowShape<In, Out>, unknown>,
  ): Flow<In, Out> {
    return restarting(settings, "failure", create);
  },
} as const;

function restarting<In, Out>(
  settings: RestartSettings,
  cause: RestartCause,
  create: () => Graph<FlowShape<In, Out>, unknown>,
): Flow<In, Out> {
  return Flow.fromStage(
    flowStage<In, Out>("restartFlow", (shape) => new RestartFlowLogic(shape, new Restarts(settings, cause), create)),
  );
}

/** The two ends of the flow that runs. */
interface Running<In, Out> {
  readonly source: SubSource<In>;
  readonly sink: SubSink<Out>;
}

class RestartFlowLogic<In, Out> extends FlowLogic<In, Out> {
  readonly #restarts: Restarts;
  readonly #create: () => Graph<FlowShape<In, Out>, unknown>;
  /** Undefined during a pause. */
  #running: Running<In, Out> | undefined;

  constructor(shape: FlowShape<In, Out>, restarts: Restarts, create: () => Graph<FlowShape<In, Out>, unknown>) {
    super(shape);
    this.#restarts = restarts;
    this.#create = create;
  }

  override preStart(): void {
    this.onTimer();
  }

  onPush(): void {
    // Else it was asked for by a flow that has ended, and waits for the next.
    if (this.#running?.source.available === true) this.#running.source.push(this.grab(this.in));
  }

  override onPull(): void {
    this.#running?.sink.pull();
  }

  onUpstreamFinish(): void {
    if (this.isAvailable(this.in)) return;
    if (this.#running === undefined) this.completeStage();
    else this.#running.source.complete();
  }

  onUpstreamFailure(error: Error): void {
    if (this.#running === undefined) this.failStage(error);
    else this.#running.source.fail(error);
  }

  onDownstreamFinish(cause?: Error): void {
    this.#running?.sink.cancel(cause);
    this.cancelStage(cause);
  }

  override onTimer(): void {
    const source = new SubSource<In>(this, "restartFlow.in", {
      onPull: () => {
        if (this.isAvailable(this.in)) {
          source.push(this.grab(this.in));
          if (this.isClosed(this.in)) source.complete();
        } else if (!this.isClosed(this.in) && !this.hasBeenPulled(this.in)) this.pull(this.in);
      },
      // The other end tells how the flow ended.
      onDownstreamFinish: () => {},
    });
    const sink = new SubSink<Out>(this, {
      onPush: (element) => this.push(this.out, element),
      onUpstreamFinish: () => this.#onEnd(undefined),
      onUpstreamFailure: (error) => this.#onEnd(error),
    });
    this.#running = { source, sink };
    const module = inSeries(
      source.stage.module,
      this.#create().module,
      { inlet: false, outlet: true },
      () => undefined,
    );
    sink.run({ shape: new SourceShape(this.out), module });
    if (this.isAvailable(this.out)) sink.pull();
  }

  override postStop(): void {
    this.#running?.sink.cancel();
    this.#running?.source.complete();
  }

  #onEnd(error: Error | undefined): void {
    this.#running?.source.complete();
    this.#running = undefined;
    // Once upstream is over and its last element is used, there is nothing to begin again for.
    const over = this.isClosed(this.in) && !this.isAvailable(this.in);
    const pauseMs = over ? undefined : this.#restarts.next(error, this.clock);
    if (pauseMs === undefined) this.cancelStage(error);
    else this.scheduleOnce("restart", pauseMs);
  }
}
