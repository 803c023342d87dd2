import { EngineError } from "../../errors.ts";
import type { GraphStage } from "../graph-stage.ts";
import { FlowLogic, flowStage } from "../linear-stage.ts";
import type { FlowShape, SourceShape } from "../shape.ts";
import { SubSource } from "../sub-source.ts";

/** Substreams of one split that may run at once: the last, and those that downstream has not drained yet. */
export const partsMax = 16;

/**
 * Begins a new substream with each element that says so.
 *
 * Emits:         a source of the elements up to the next for which `predicate` holds, to be run once within 5 s; none is empty.
 * Backpressures: when the substream does, or nobody has taken the next one.
 * Completes:     when upstream completed and each element is in its substream; the substream completes with it.
 * Cancels:       when downstream has cancelled and the substream has ended.
 * State:         one element.
 * Delivery:      each element once, in order; what follows in a substream that was cancelled is dropped. Fails where `predicate`
 *                throws.
 */
export function splitWhen<T>(predicate: (element: T) => boolean): GraphStage<FlowShape<T, GraphStage<SourceShape<T>>>> {
  return flowStage<T, GraphStage<SourceShape<T>>>("splitWhen", (shape) => new SplitLogic(shape, predicate, "before"));
}

/**
 * Ends a substream with each element that says so.
 *
 * Emits:         a source of the elements up to and with the next for which `predicate` holds, to be run once within 5 s; none is
 *                empty.
 * Backpressures: when the substream does, or nobody has taken the next one.
 * Completes:     when upstream completed and each element is in its substream; the substream completes with it.
 * Cancels:       when downstream has cancelled and the substream has ended.
 * State:         one element.
 * Delivery:      each element once, in order; what follows in a substream that was cancelled is dropped. Fails where `predicate`
 *                throws.
 */
export function splitAfter<T>(
  predicate: (element: T) => boolean,
): GraphStage<FlowShape<T, GraphStage<SourceShape<T>>>> {
  return flowStage<T, GraphStage<SourceShape<T>>>("splitAfter", (shape) => new SplitLogic(shape, predicate, "after"));
}

class SplitLogic<T> extends FlowLogic<T, GraphStage<SourceShape<T>>> {
  readonly #predicate: (element: T) => boolean;
  readonly #where: "before" | "after";
  /** Where elements go; undefined between two substreams. */
  #substream: SubSource<T> | undefined;
  /** The first element of the substream, or of the next. */
  #first: T | undefined;
  /** With it the substream ends. */
  #firstIsLast = false;

  constructor(
    shape: FlowShape<T, GraphStage<SourceShape<T>>>,
    predicate: (element: T) => boolean,
    where: "before" | "after",
  ) {
    super(shape);
    this.#predicate = predicate;
    this.#where = where;
  }

  onPush(): void {
    const element = this.grab(this.in);
    const splits = this.#predicate(element);
    const substream = this.#substream;
    if (substream === undefined || (splits && this.#where === "before")) {
      substream?.complete();
      this.#substream = undefined;
      this.#first = element;
      this.#firstIsLast = splits && this.#where === "after";
      this.#beginIfWanted();
      return;
    }
    if (!substream.closed) substream.push(element);
    if (splits) this.#endSubstream();
    else if (substream.closed) this.tryPull(this.in);
  }

  override onPull(): void {
    this.#beginIfWanted();
  }

  onUpstreamFinish(): void {
    if (this.#first === undefined) this.#completeAll();
    // Both ports may be closed while it waits.
    else this.setKeepGoing(true);
  }

  onUpstreamFailure(error: Error): void {
    this.#substream?.fail(error);
    this.failStage(error);
  }

  onDownstreamFinish(cause?: Error): void {
    if (this.#substream === undefined || this.#substream.closed) this.cancelStage(cause);
  }

  override postStop(): void {
    const sentence = "Cannot go on with a substream as its split must run: it has stopped";
    this.#substream?.fail(new EngineError("STREAM_STOPPED", sentence));
  }

  /** Between two substreams: begins the next, or looks for its first element. */
  #beginIfWanted(): void {
    if (this.#substream !== undefined) return;
    if (this.isClosed(this.out)) this.completeStage();
    else if (this.isAvailable(this.out)) {
      if (this.#first === undefined) {
        if (!this.isClosed(this.in) && !this.hasBeenPulled(this.in)) this.pull(this.in);
      } else this.#begin();
    }
  }

  #begin(): void {
    const substream = new SubSource<T>(this, "split.substream", {
      onPull: () => this.#onSubstreamPull(substream),
      onDownstreamFinish: () => this.#onSubstreamCancel(),
    });
    this.#substream = substream;
    substream.expectRun();
    this.push(this.out, substream.stage);
  }

  #onSubstreamPull(substream: SubSource<T>): void {
    if (this.#first !== undefined) {
      substream.push(this.#first);
      this.#afterFirst();
    } else if (!this.isClosed(this.in) && !this.hasBeenPulled(this.in)) this.pull(this.in);
  }

  #onSubstreamCancel(): void {
    if (this.isClosed(this.out)) {
      this.completeStage();
      return;
    }
    if (this.#first !== undefined) this.#afterFirst();
    if (this.#substream !== undefined && !this.isClosed(this.in) && !this.hasBeenPulled(this.in)) this.pull(this.in);
  }

  #afterFirst(): void {
    this.#first = undefined;
    if (this.isClosed(this.in)) this.#completeAll();
    else if (this.#firstIsLast) this.#endSubstream();
  }

  #endSubstream(): void {
    this.#substream?.complete();
    this.#substream = undefined;
    this.#firstIsLast = false;
    this.#beginIfWanted();
  }

  #completeAll(): void {
    this.#substream?.complete();
    this.completeStage();
  }
}
