import type { GraphStage } from "../graph-stage.ts";
import { FlowLogic, flowStage } from "../linear-stage.ts";
import type { FlowShape } from "../shape.ts";

/**
 * Puts marks between the elements, and at both ends.
 *
 * Emits:         `start`, then the elements with `between` between two of them, then `end`; the ends also where there is no
 *                element. An end that is undefined is left out.
 * Backpressures: when downstream does.
 * Completes:     when upstream completed and the end mark is emitted.
 * Cancels:       when downstream cancels.
 * State:         up to two elements that wait for downstream.
 * Delivery:      each element once, in order.
 */
export function intersperse<T, M>(
  start: M | undefined,
  between: M,
  end: M | undefined,
): GraphStage<FlowShape<T, T | M>> {
  return flowStage<T, T | M>("intersperse", (shape) => new IntersperseLogic(shape, { start, between, end }));
}

/** What stands before, between and after the elements. */
interface Marks<M> {
  readonly start: M | undefined;
  readonly between: M;
  readonly end: M | undefined;
}

class IntersperseLogic<T, M> extends FlowLogic<T, T | M> {
  readonly #marks: Marks<M>;
  #begun = false;

  constructor(shape: FlowShape<T, T | M>, marks: Marks<M>) {
    super(shape);
    this.#marks = marks;
  }

  onPush(): void {
    const before = this.#begun ? this.#marks.between : this.#marks.start;
    this.#begun = true;
    const element = this.grab(this.in);
    if (before === undefined) this.push(this.out, element);
    else this.emitMultiple(this.out, [before, element]);
  }

  onUpstreamFinish(): void {
    const last = [this.#begun ? undefined : this.#marks.start, this.#marks.end].filter((mark) => mark !== undefined);
    this.emitMultiple(this.out, last, () => this.completeStage());
  }
}
