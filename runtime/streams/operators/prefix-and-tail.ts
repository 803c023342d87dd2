import assert from "node:assert/strict";
import { EngineError } from "../../errors.ts";
import type { GraphStage } from "../graph-stage.ts";
import { FlowLogic, flowStage } from "../linear-stage.ts";
import type { FlowShape, SourceShape } from "../shape.ts";
import { SubSource } from "../sub-source.ts";
import { fromIterable } from "./from-iterable.ts";

/**
 * Takes the first elements off, and gives the others as a stream.
 *
 * Emits:         one pair of the first `count` elements, fewer where there are no more, and a source of all that follow, to be run
 *                once within 5 s.
 * Backpressures: when downstream does, then when the tail does.
 * Completes:     after the pair; the tail when upstream completes.
 * Cancels:       when downstream cancels before the pair, or the tail cancels.
 * State:         `count` elements.
 * Delivery:      each element once, in order.
 *
 * @param count At least 0.
 */
export function prefixAndTail<T>(
  count: number,
): GraphStage<FlowShape<T, readonly [prefix: T[], tail: GraphStage<SourceShape<T>>]>> {
  assert(Number.isInteger(count) && count >= 0, "a prefix has a length");
  return flowStage<T, readonly [T[], GraphStage<SourceShape<T>>]>(
    "prefixAndTail",
    (shape) => new PrefixAndTailLogic(shape, count),
  );
}

class PrefixAndTailLogic<T> extends FlowLogic<T, readonly [T[], GraphStage<SourceShape<T>>]> {
  readonly #count: number;
  readonly #prefix: T[] = [];
  #tail: SubSource<T> | undefined;

  constructor(shape: FlowShape<T, readonly [T[], GraphStage<SourceShape<T>>]>, count: number) {
    super(shape);
    this.#count = count;
  }

  onPush(): void {
    const element = this.grab(this.in);
    if (this.#tail !== undefined) {
      this.#tail.push(element);
      return;
    }
    this.#prefix.push(element);
    if (this.#prefix.length === this.#count) this.#emit();
    else this.pull(this.in);
  }

  override onPull(): void {
    if (this.#count === 0) this.#emit();
    else this.pull(this.in);
  }

  onUpstreamFinish(): void {
    if (this.#tail === undefined) this.emit(this.out, [this.#prefix, fromIterable<T>([])]);
    else this.#tail.complete();
    this.completeStage();
  }

  onUpstreamFailure(error: Error): void {
    this.#tail?.fail(error);
    this.failStage(error);
  }

  onDownstreamFinish(cause?: Error): void {
    if (this.#tail === undefined) this.cancelStage(cause);
  }

  override postStop(): void {
    const sentence = "Cannot go on with a tail as its stream must run: it was stopped";
    this.#tail?.fail(new EngineError("STREAM_STOPPED", sentence));
  }

  #emit(): void {
    const tail = new SubSource<T>(this, "prefixAndTail.tail", {
      onPull: () => this.tryPull(this.in),
      onDownstreamFinish: (cause) => this.cancel(this.in, cause),
    });
    this.#tail = tail;
    tail.expectRun();
    this.push(this.out, [this.#prefix, tail.stage]);
    this.complete(this.out);
  }
}
