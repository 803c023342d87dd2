import type { GraphStage } from "../graph-stage.ts";
import { FlowLogic, flowStage } from "../linear-stage.ts";
import type { FlowShape } from "../shape.ts";

/**
 * Makes more of the last element while upstream is slow.
 *
 * Emits:         what the iterator of `more(element)` gives, as long as downstream asks and no newer element is there; at least its
 *                first, for each element.
 * Backpressures: until the first of an expansion is emitted; an empty expansion does not.
 * Completes:     when upstream completed and the last expansion has given an element.
 * Cancels:       when downstream cancels; the iterator's `return` is called.
 * State:         one iterator and its first element.
 * Delivery:      one out or more for one in, none where the expansion is empty; fails where `more` or its iterator throws.
 *
 * @see Pekko, `expand`
 */
export function expand<In, Out>(more: (element: In) => Iterable<Out>): GraphStage<FlowShape<In, Out>> {
  return flowStage<In, Out>("expand", (shape) => new ExpandLogic(shape, more));
}

/**
 * Fills the time until the next element.
 *
 * Emits:         each element, then what the iterator of `more(element)` gives, as long as downstream asks and no newer element is
 *                there. `initial`, where it is given, counts as the first element.
 * Backpressures: until the element is emitted.
 * Completes:     when upstream completed and its last element is emitted.
 * Cancels:       when downstream cancels; the iterator's `return` is called.
 * State:         one iterator and its first element.
 * Delivery:      one out or more for one in; fails where `more` or its iterator throws.
 *
 * @see Pekko, `extrapolate`
 */
export function extrapolate<T>(more: (element: T) => Iterable<T>, initial?: T): GraphStage<FlowShape<T, T>> {
  function* withItself(element: T): Generator<T> {
    yield element;
    yield* more(element);
  }
  return flowStage<T, T>("extrapolate", (shape) => new ExpandLogic(shape, withItself, initial));
}

class ExpandLogic<In, Out> extends FlowLogic<In, Out> {
  readonly #more: (element: In) => Iterable<Out>;
  readonly #initial: In | undefined;
  #iterator: Iterator<Out> | undefined;
  /** Read with the element, to know whether there is any; the rest is read as downstream asks. */
  #first: Out | undefined;

  constructor(shape: FlowShape<In, Out>, more: (element: In) => Iterable<Out>, initial?: In) {
    super(shape);
    this.#more = more;
    this.#initial = initial;
  }

  override preStart(): void {
    if (this.#initial === undefined) this.pull(this.in);
    else this.#begin(this.#initial);
  }

  onPush(): void {
    this.#begin(this.grab(this.in));
  }

  override onPull(): void {
    if (this.#first !== undefined) this.#pushFirst();
    else {
      const step = this.#iterator?.next();
      if (step === undefined || step.done === true) this.#iterator = undefined;
      else this.push(this.out, step.value);
    }
  }

  onUpstreamFinish(): void {
    if (this.#first === undefined) this.completeStage();
  }

  override postStop(): void {
    this.#iterator?.return?.();
  }

  #begin(element: In): void {
    this.#iterator?.return?.();
    this.#iterator = this.#more(element)[Symbol.iterator]();
    const step = this.#iterator.next();
    if (step.done === true) {
      this.#iterator = undefined;
      this.pull(this.in);
      return;
    }
    this.#first = step.value;
    if (this.isAvailable(this.out)) this.#pushFirst();
  }

  #pushFirst(): void {
    const first = this.#first as Out;
    this.#first = undefined;
    if (this.isClosed(this.in)) {
      this.push(this.out, first);
      this.completeStage();
      return;
    }
    // Upstream is asked before downstream can ask again: a newer element goes before more of this one.
    this.pull(this.in);
    this.push(this.out, first);
  }
}
