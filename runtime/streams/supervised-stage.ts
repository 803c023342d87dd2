import { EngineError, sentenceOf } from "../errors.ts";
import type { Attributes } from "./graph-stage.ts";
import { FlowLogic } from "./linear-stage.ts";
import type { FlowShape } from "./shape.ts";

/**
 * What a stage does about an element whose function threw: "stop" fails the stage, "resume" drops the element and keeps the
 * state, "restart" drops both.
 */
export type Directive = "stop" | "resume" | "restart";

/** Asked once for each failure of a function given to a supervised stage. What it throws fails the stage. */
export type Decider = (error: Error) => Directive;

/** A flow logic that asks the decider of its attributes when the function it was given throws or rejects. */
export abstract class SupervisedLogic<In, Out, M = void> extends FlowLogic<In, Out, M> {
  /** @internal */
  readonly decider: Decider | undefined;

  constructor(shape: FlowShape<In, Out>, attributes: Attributes) {
    super(shape);
    this.decider = attributes.decider;
  }

  /** Back to the state of a fresh run; for stages that have one. */
  protected onRestart(): void {}

  /** Drops the element and asks for the next, as far as the decider says so; throws where the stage must fail. */
  protected supervise(thrown: unknown): void {
    if (this.decide(thrown) === "restart") this.onRestart();
    this.pullUnlessPulled();
  }

  /** @returns whether to resume or restart; throws where the stage must fail. */
  protected decide(thrown: unknown): "resume" | "restart" {
    const error = this.#errorOf(thrown);
    const directive = this.decider?.(error) ?? "stop";
    if (directive === "stop") throw error;
    return directive;
  }

  protected pullUnlessPulled(): void {
    if (!this.isClosed(this.in) && !this.hasBeenPulled(this.in)) this.pull(this.in);
  }

  #errorOf(thrown: unknown): Error {
    if (thrown instanceof Error) return thrown;
    const sentence = `Cannot run stage "${this.stageName}" as what it throws must be an error: it is ${sentenceOf(thrown)}`;
    return new EngineError("STAGE_FAILED", sentence, { where: { node: this.stageName }, cause: thrown });
  }
}
