import type { Graph, GraphStage } from "../graph-stage.ts";
import { SinkLogic, sinkStage } from "../linear-stage.ts";
import type { SinkShape } from "../shape.ts";
import { SubSource } from "../sub-source.ts";

/**
 * Makes its sink when the first element comes.
 *
 * Emits:         each element to the sink of `create()`.
 * Backpressures: when the sink made does; it asks for the first element by itself.
 * Completes:     when upstream completes; where no element has come no sink is made.
 * Cancels:       when the sink made does, or `create` throws.
 * State:         the sink, on an island of its own, and one element, in its port.
 * Delivery:      each element once.
 */
export function lazySink<T>(create: () => Graph<SinkShape<T>, unknown>): GraphStage<SinkShape<T>> {
  return sinkStage<T>("lazy", (shape) => new LazySinkLogic(shape, create));
}

class LazySinkLogic<T> extends SinkLogic<T> {
  readonly #create: () => Graph<SinkShape<T>, unknown>;
  #inner: SubSource<T> | undefined;

  constructor(shape: SinkShape<T>, create: () => Graph<SinkShape<T>, unknown>) {
    super(shape);
    this.#create = create;
  }

  onPush(): void {
    if (this.#inner === undefined) this.#begin();
    else if (this.#inner.available) this.#inner.push(this.grab(this.in));
  }

  onUpstreamFinish(): void {
    if (this.isAvailable(this.in)) this.setKeepGoing(true);
    else this.completeStage();
  }

  onUpstreamFailure(error: Error): void {
    this.#inner?.fail(error);
    this.completeStage();
  }

  override postStop(): void {
    this.#inner?.complete();
  }

  #begin(): void {
    const inner = new SubSource<T>(this, "lazy.in", {
      onPull: () => {
        if (this.isAvailable(this.in)) {
          inner.push(this.grab(this.in));
          if (this.isClosed(this.in)) this.completeStage();
        } else if (!this.isClosed(this.in) && !this.hasBeenPulled(this.in)) this.pull(this.in);
      },
      onDownstreamFinish: (cause) => this.cancelStage(cause),
    });
    this.#inner = inner;
    inner.run(this.#create());
  }
}
