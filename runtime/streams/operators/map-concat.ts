import type { GraphStage } from "../graph-stage.ts";
import { FlowLogic, flowStage } from "../linear-stage.ts";
import type { FlowShape } from "../shape.ts";

/**
 * Makes any number of elements of each.
 *
 * Emits:         each element of `expand(element)`, in order.
 * Backpressures: when downstream does, also in the middle of one expansion.
 * Completes:     when upstream completed and the last expansion is emitted.
 * Cancels:       when downstream cancels; the iterator's `return` is called.
 * State:         one iterator.
 * Delivery:      any number out for one in; fails where `expand` or its iterator throws.
 */
export function mapConcat<In, Out>(expand: (element: In) => Iterable<Out>): GraphStage<FlowShape<In, Out>> {
  return flowStage<In, Out>("mapConcat", (shape) => new MapConcatLogic(shape, expand));
}

class MapConcatLogic<In, Out> extends FlowLogic<In, Out> {
  readonly #expand: (element: In) => Iterable<Out>;
  #iterator: Iterator<Out> | undefined;
  /** The element to push next: read ahead, so that completion follows the last element without a further pull. */
  #next: Out | undefined;

  constructor(shape: FlowShape<In, Out>, expand: (element: In) => Iterable<Out>) {
    super(shape);
    this.#expand = expand;
  }

  onPush(): void {
    this.#iterator = this.#expand(this.grab(this.in))[Symbol.iterator]();
    this.#readAhead();
    if (this.#iterator === undefined) this.pull(this.in);
    else this.#pushNext();
  }

  override onPull(): void {
    if (this.#iterator === undefined) this.pull(this.in);
    else this.#pushNext();
  }

  onUpstreamFinish(): void {
    if (this.#iterator === undefined) this.completeStage();
  }

  override postStop(): void {
    this.#iterator?.return?.();
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
