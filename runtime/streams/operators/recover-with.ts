import assert from "node:assert/strict";
import type { Graph, GraphStage } from "../graph-stage.ts";
import { FlowLogic, flowStage } from "../linear-stage.ts";
import type { FlowShape, SourceShape } from "../shape.ts";
import { SubSink } from "../sub-sink.ts";

/**
 * Goes on with another stream where one fails.
 *
 * Emits:         each element; when upstream fails, the elements of the source that `other(error)` gives, and so on where that
 *                fails.
 * Backpressures: when downstream does.
 * Completes:     when upstream or the source in its place completes.
 * Cancels:       upstream or the source in its place, when downstream cancels.
 * State:         one source at a time, on an island of its own.
 * Delivery:      one out for one in; a failure goes on where `other` gives undefined, and after `attemptsMax` sources.
 *
 * @param attemptsMax At least 1; Infinity goes on for ever, at once: to wait before another try is the work of a restart with
 * backoff.
 * @see Pekko, `recoverWithRetries`
 */
export function recoverWith<In, Out>(
  attemptsMax: number,
  other: (error: Error) => Graph<SourceShape<Out>, unknown> | undefined,
): GraphStage<FlowShape<In, In | Out>> {
  assert(attemptsMax >= 1, "at least one source stands in");
  return flowStage<In, In | Out>("recoverWith", (shape) => new RecoverWithLogic(shape, attemptsMax, other));
}

class RecoverWithLogic<In, Out> extends FlowLogic<In, In | Out> {
  readonly #other: (error: Error) => Graph<SourceShape<Out>, unknown> | undefined;
  #attemptsLeft: number;
  #inner: SubSink<Out> | undefined;

  constructor(
    shape: FlowShape<In, In | Out>,
    attemptsMax: number,
    other: (error: Error) => Graph<SourceShape<Out>, unknown> | undefined,
  ) {
    super(shape);
    this.#attemptsLeft = attemptsMax;
    this.#other = other;
  }

  onPush(): void {
    this.push(this.out, this.grab(this.in));
  }

  override onPull(): void {
    if (this.#inner === undefined) this.pull(this.in);
    else this.#inner.pull();
  }

  onUpstreamFailure(error: Error): void {
    const source = this.#attemptsLeft >= 1 ? this.#other(error) : undefined;
    if (source === undefined) {
      this.failStage(error);
      return;
    }
    this.#attemptsLeft -= 1;
    const inner = new SubSink<Out>(this, {
      onPush: (element) => this.push(this.out, element),
      onUpstreamFinish: () => this.completeStage(),
      onUpstreamFailure: (failure) => this.onUpstreamFailure(failure),
    });
    this.#inner = inner;
    inner.run(source);
    if (this.isAvailable(this.out)) inner.pull();
  }

  override postStop(): void {
    this.#inner?.cancel();
  }
}
