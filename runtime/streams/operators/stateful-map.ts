import type { Attributes, GraphStage } from "../graph-stage.ts";
import { flowStage } from "../linear-stage.ts";
import type { FlowShape } from "../shape.ts";
import { SupervisedLogic } from "../supervised-stage.ts";

/**
 * Changes each element by a function that may remember.
 *
 * Emits:         the second of the pair that `change(state, element)` gives, for each element, in order; at the end, and at a
 *                restart, what `onComplete(state)` gives, unless that is undefined.
 * Backpressures: when downstream does.
 * Completes:     when upstream completed and what `onComplete` gave is emitted; a failure waits for that too.
 * Cancels:       when downstream cancels; `onComplete` is called and its result dropped.
 * State:         the first of that pair, at first made by `create`; its bound is that of its author.
 * Delivery:      one out for one in; fails where `create` or `onComplete` throws, supervised where `change` does.
 */
export function statefulMap<In, Out, S>(
  create: () => S,
  change: (state: S, element: In) => readonly [state: S, element: Out],
  onComplete: (state: S) => Out | undefined = () => undefined,
): GraphStage<FlowShape<In, Out>> {
  const functions = { create, change, onComplete };
  return flowStage<In, Out>("statefulMap", (shape, attributes) => new StatefulMapLogic(shape, attributes, functions));
}

/**
 * Changes each element by a function that may remember by itself.
 *
 * Emits:         `change(element)` for each element, in order, where `change` is made by `create` once a run, and at a restart.
 * Backpressures: when downstream does.
 * Completes:     when upstream completes.
 * Cancels:       when downstream cancels.
 * State:         what `change` keeps; its bound is that of its author.
 * Delivery:      one out for one in; fails where `create` throws, supervised where `change` does.
 */
export function closureMap<In, Out>(create: () => (element: In) => Out): GraphStage<FlowShape<In, Out>> {
  return statefulMap<In, Out, (element: In) => Out>(create, (change, element) => [change, change(element)]);
}

interface StatefulFunctions<In, Out, S> {
  readonly create: () => S;
  readonly change: (state: S, element: In) => readonly [state: S, element: Out];
  readonly onComplete: (state: S) => Out | undefined;
}

class StatefulMapLogic<In, Out, S> extends SupervisedLogic<In, Out> {
  readonly #functions: StatefulFunctions<In, Out, S>;
  /** In a box, as undefined may be a state; none before the start and after `onComplete`. */
  #held: { state: S } | undefined;

  constructor(shape: FlowShape<In, Out>, attributes: Attributes, functions: StatefulFunctions<In, Out, S>) {
    super(shape, attributes);
    this.#functions = functions;
  }

  override preStart(): void {
    this.#held = { state: this.#functions.create() };
  }

  onPush(): void {
    const held = this.#held as { state: S };
    const element = this.grab(this.in);
    try {
      const [state, changed] = this.#functions.change(held.state, element);
      this.push(this.out, changed);
      held.state = state;
    } catch (thrown) {
      if (this.decide(thrown) === "resume") this.pullUnlessPulled();
      else this.#restart();
    }
  }

  onUpstreamFinish(): void {
    this.#endWith(() => this.completeStage());
  }

  onUpstreamFailure(error: Error): void {
    this.#endWith(() => this.failStage(error));
  }

  override postStop(): void {
    this.#takeLast();
  }

  protected override decide(thrown: unknown): "resume" | "restart" {
    try {
      return super.decide(thrown);
    } catch (error) {
      const last = this.#takeLast();
      // The last element goes before the failure, as downstream waits for one.
      if (last !== undefined) this.push(this.out, last);
      throw error;
    }
  }

  #restart(): void {
    const last = this.#takeLast();
    this.#held = { state: this.#functions.create() };
    if (last === undefined) this.pullUnlessPulled();
    else this.push(this.out, last);
  }

  #endWith(end: () => void): void {
    const last = this.#takeLast();
    if (last === undefined) end();
    else this.emit(this.out, last, end);
  }

  #takeLast(): Out | undefined {
    const held = this.#held;
    this.#held = undefined;
    return held === undefined ? undefined : this.#functions.onComplete(held.state);
  }
}
