import type { Graph, GraphStage } from "../graph-stage.ts";
import { SourceLogic, sourceStage } from "../linear-stage.ts";
import type { SourceShape } from "../shape.ts";
import { SubSink } from "../sub-sink.ts";

/**
 * Makes its source when the first element is asked for.
 *
 * Emits:         the elements of `create()`.
 * Backpressures: when downstream does; before the first demand nothing is made.
 * Completes:     when the source made completes.
 * Cancels:       the source made; where none was, none is made.
 * State:         the source, on an island of its own.
 * Delivery:      each element once; fails where `create` throws or the source fails.
 */
export function lazySource<T>(create: () => Graph<SourceShape<T>, unknown>): GraphStage<SourceShape<T>> {
  return sourceStage<T>("lazy", (shape) => new LazySourceLogic(shape, create));
}

class LazySourceLogic<T> extends SourceLogic<T> {
  readonly #create: () => Graph<SourceShape<T>, unknown>;
  #inner: SubSink<T> | undefined;

  constructor(shape: SourceShape<T>, create: () => Graph<SourceShape<T>, unknown>) {
    super(shape);
    this.#create = create;
  }

  onPull(): void {
    this.#inner ??= this.#begin();
    this.#inner.pull();
  }

  onDownstreamFinish(cause?: Error): void {
    this.#inner?.cancel(cause);
    this.cancelStage(cause);
  }

  override postStop(): void {
    this.#inner?.cancel();
  }

  #begin(): SubSink<T> {
    const inner = new SubSink<T>(this, {
      onPush: (element) => this.push(this.out, element),
      onUpstreamFinish: () => this.completeStage(),
      onUpstreamFailure: (error) => this.failStage(error),
    });
    inner.run(this.#create());
    return inner;
  }
}
