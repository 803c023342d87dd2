import type { Attributes, GraphStage } from "../graph-stage.ts";
import { flowStage } from "../linear-stage.ts";
import type { FlowShape } from "../shape.ts";
import { SupervisedLogic } from "../supervised-stage.ts";

/**
 * Makes any number of elements of each.
 *
 * Emits:         each element of `expand(element)`, in order.
 * Backpressures: when downstream does, also in the middle of one expansion.
 * Completes:     when upstream completed and the last expansion is emitted.
 * Cancels:       when downstream cancels; the iterator's `return` is called.
 * State:         one iterator.
 * Delivery:      any number out for one in; supervised where `expand` or its iterator throws: the rest of the expansion is
 *                dropped.
 */
export function mapConcat<In, Out>(expand: (element: In) => Iterable<Out>): GraphStage<FlowShape<In, Out>> {
  return flowStage<In, Out>("mapConcat", (shape, attributes) => new MapConcatLogic(shape, attributes, expand));
}

class MapConcatLogic<In, Out> extends SupervisedLogic<In, Out> {
  readonly #expand: (element: In) => Iterable<Out>;
  #iterator: Iterator<Out> | undefined;
  /** The element to push next: read ahead, so that completion follows the last element without a further pull. */
  #next: Out | undefined;

  constructor(shape: FlowShape<In, Out>, attributes: Attributes, expand: (element: In) => Iterable<Out>) {
    super(shape, attributes);
    this.#expand = expand;
  }

  onPush(): void {
    try {
      this.#iterator = this.#expand(this.grab(this.in))[Symbol.iterator]();
      this.#readAhead();
      if (this.#iterator === undefined) this.pull(this.in);
      else this.#pushNext();
    } catch (thrown) {
      this.supervise(thrown);
    }
  }

  override onPull(): void {
    try {
      if (this.#iterator === undefined) this.pull(this.in);
      else this.#pushNext();
    } catch (thrown) {
      this.supervise(thrown);
    }
  }

  onUpstreamFinish(): void {
    if (this.#iterator === undefined) this.completeStage();
  }

  override postStop(): void {
    this.#iterator?.return?.();
  }

  /** What is left of the expansion goes with the element it came from. */
  protected override supervise(thrown: unknown): void {
    const iterator = this.#iterator;
    this.#iterator = undefined;
    this.#next = undefined;
    iterator?.return?.();
    this.decide(thrown);
    if (this.isClosed(this.in)) this.completeStage();
    else if (this.isAvailable(this.out)) this.pull(this.in);
  }

  #pushNext(): void {
    this.push(this.out, this.#next as Out);
    this.#readAhead();
    if (this.#iterator === undefined && this.isClosed(this.in)) this.completeStage();
  }

  #readAhead(): void {
    const step = this.#iterator?.next();
    if (step === undefined || step.done === true) {
      this.#iterator = undefined;
      this.#next = undefined;
    } else this.#next = step.value;
  }
}
