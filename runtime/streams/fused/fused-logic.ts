import { EngineError, sentenceOf } from "../../errors.ts";
import { GraphStageLogic, Inlet, Outlet, type Shape } from "../graph-stage.ts";
import { FusedState } from "./fused-state.ts";
import { isSink, isSource, type Kernel, type KernelLogic, type SinkKernel } from "./kernel.ts";
import { enter, present } from "./stepped-turn.ts";
import { TurnChoice } from "./turn-choice.ts";

/** Elements read in a row: the length of a turn where nothing leaves. */
const elementsMax = 1_024;

/**
 * Several stages in a row, run as one: each element goes through all of them before the next is read.
 *
 * Emits:         what the last stage emits, in the same order, with the same side effects.
 * Backpressures: when downstream does; the source is read only on demand.
 * Completes:     as the stages would one after the other, each giving what it holds back first.
 * Cancels:       as the stages would: a stage that has enough ends those before it.
 * State:         that of the stages.
 * Delivery:      that of the stages; what one of them throws fails the run under the name of that stage.
 */
export class FusedLogic extends GraphStageLogic {
  readonly #state: FusedState;
  readonly #choice: TurnChoice;
  readonly #in: Inlet<unknown> | undefined;
  readonly #out: Outlet<unknown> | undefined;
  /** Its two ends are joined: an event on it gives the stage another turn. Only with a source. */
  readonly again: { readonly in: Inlet<unknown>; readonly out: Outlet<unknown> } | undefined;
  readonly #sink: SinkKernel | undefined;
  /** Stages that emit before they ask: the last is asked first. */
  readonly #beginners: number[] = [];
  #headClosed = false;

  constructor(logics: readonly KernelLogic[]) {
    const kernels = logics.map(({ kernel }) => kernel);
    const ports = portsOf(kernels);
    super(ports.shape);
    this.#in = ports.in;
    this.#out = ports.out;
    this.again = ports.again;
    this.#state = new FusedState(kernels, [
      ...logics.map(({ stageName }) => stageName),
      ...kernels.flatMap((kernel) => (kernel.kind === "branches" ? kernel.names : [])),
    ]);
    this.#choice = new TurnChoice(kernels);
    this.stageName = logics[0]?.stageName ?? "fused";
    const last = kernels.at(-1);
    this.#sink = isSink(last) ? last : undefined;
    kernels.forEach(({ kind }, index) => {
      if (kind === "scan") this.#beginners.push(index);
    });
    if (ports.in !== undefined) this.setHandler(ports.in, this);
    if (ports.out !== undefined) this.setHandler(ports.out, this);
    if (ports.again !== undefined) {
      this.setHandler(ports.again.in, { onPush: () => this.#onAgain() });
      this.setHandler(ports.again.out, { onPull: () => this.#advance() });
    }
  }

  override preStart(): void {
    const state = this.#state;
    state.kernels.forEach((kernel, index) => {
      if (kernel.kind === "take" && kernel.count < 1) state.ended = index + 1;
    });
    const [source] = state.kernels;
    if (source?.kind === "array" && source.elements.length === 0) state.ended = Math.max(1, state.ended);
    if (source?.kind === "iterable") {
      this.#guarded(() => {
        state.iterator = source.elements[Symbol.iterator]();
      });
    }
    // A source is read in turns of its own, not while others start.
    if (state.ended >= 0 || (this.#sink !== undefined && this.#in !== undefined)) this.#advance();
    else if (this.#sink !== undefined) this.#askForMore();
  }

  onPush(): void {
    const inlet = this.#in as Inlet<unknown>;
    this.#guarded(() => {
      const output = this.#choice.turn(this.#state, this.grab(inlet), 1);
      this.#choice.count(1);
      if (output !== undefined) this.push(this.#out as Outlet<unknown>, output);
      if (this.#state.ended >= 0) this.#advance();
      else if (output === undefined) this.pull(inlet);
    });
  }

  onPull(): void {
    this.#advance();
  }

  onUpstreamFinish(): void {
    this.#headClosed = true;
    this.#state.ended = Math.max(0, this.#state.ended);
    this.#advance();
  }

  onUpstreamFailure(error: Error): void {
    this.#fail(error, false);
  }

  onDownstreamFinish(cause?: Error): void {
    if (cause === undefined) this.completeStage();
    else this.#fail(cause, true);
  }

  override postStop(): void {
    this.#sink?.outcome.abandon();
    const { iterator } = this.#state;
    this.#state.iterator = undefined;
    iterator?.return?.();
  }

  /** Goes on as far as demand and the length of a turn allow. */
  #advance(): void {
    this.#guarded(() => {
      while (!this.#finished() && this.#wanted()) {
        const output = this.#next();
        if (output === asked) return;
        if (output !== undefined) this.push(this.#out as Outlet<unknown>, output);
      }
    });
  }

  #onAgain(): void {
    this.grab((this.again as { in: Inlet<unknown> }).in);
    this.#advance();
  }

  /** One step. `asked` where the rest follows with the next event. */
  #next(): unknown {
    const state = this.#state;
    const beginner = this.#beginners.pop();
    if (beginner !== undefined) return this.#enterAfter(beginner, state.cells[beginner]);
    if (state.ended >= 0) return this.#release();
    if (this.#in !== undefined) {
      this.#askForMore();
      return asked;
    }
    const read = this.#read();
    if (read !== undefined || state.ended >= 0) return read;
    this.#askForMore();
    return asked;
  }

  #read(): unknown {
    const output = this.#choice.turn(this.#state, undefined, elementsMax);
    const read = elementsMax - this.#state.left;
    this.#choice.count(read);
    this.stageInterpreter?.charge(read);
    return output;
  }

  /** The first stage that has not ended gives what it holds back, then ends. */
  #release(): unknown {
    const state = this.#state;
    const stage = state.ended;
    const kernel = state.kernels[stage];
    const held = state.cells[stage];
    state.ended += 1;
    if (kernel?.kind === "grouped") return (held as unknown[]).length > 0 ? this.#enterAfter(stage, held) : undefined;
    return kernel?.kind === "fold" ? this.#enterAfter(stage, held) : undefined;
  }

  #enterAfter(stage: number, element: unknown): unknown {
    this.#state.at = stage;
    return enter(this.#state, stage + 1, present(this.#state, stage, element));
  }

  /** Ends it where nothing is left to emit; that needs no demand. */
  #finished(): boolean {
    const state = this.#state;
    if (state.ended < 0) return false;
    this.#closeHead();
    while (this.#beginners.length > 0 && (this.#beginners[0] as number) < state.ended) this.#beginners.shift();
    if (this.#beginners.length > 0) return false;
    while (state.ended < state.kernels.length && !this.#holdsBack(state.ended)) state.ended += 1;
    if (state.ended < state.kernels.length) return false;
    if (this.#sink !== undefined) this.#sink.outcome.resolve(state.cells.at(-1));
    this.completeStage();
    return true;
  }

  #holdsBack(stage: number): boolean {
    const kind = this.#state.kernels[stage]?.kind;
    return kind === "fold" || (kind === "grouped" && (this.#state.cells[stage] as unknown[]).length > 0);
  }

  #wanted(): boolean {
    return this.#out === undefined || this.isAvailable(this.#out);
  }

  #askForMore(): void {
    if (this.#in !== undefined) this.pull(this.#in);
    else if (this.again !== undefined) {
      if (this.isAvailable(this.again.out)) this.push(this.again.out, true);
      else this.pull(this.again.in);
    }
  }

  /** Nothing more is read, though what was read may still be on its way. */
  #closeHead(): void {
    if (this.#headClosed) return;
    this.#headClosed = true;
    if (this.#in !== undefined) this.cancel(this.#in);
    const { iterator } = this.#state;
    this.#state.iterator = undefined;
    try {
      iterator?.return?.();
    } catch (thrown) {
      this.stageInterpreter?.reportFailure(this.#failureOf(thrown, 0), this);
    }
  }

  #guarded(run: () => void): void {
    try {
      run();
    } catch (thrown) {
      const failure = this.#failureOf(thrown, this.#state.at);
      // A sink that throws no error only abandons its outcome.
      const told = failure === thrown || this.#state.at !== this.#state.kernels.length - 1;
      // A stage that fails cancels those before it with its error, and a source has nobody else to tell.
      this.#fail(failure, this.#in === undefined && this.#state.at > 0, told);
    }
  }

  #fail(error: Error, report: boolean, told = true): void {
    if (told) this.#sink?.outcome.reject(error);
    this.failStage(error);
    if (report || this.#out === undefined) this.stageInterpreter?.reportFailure(error, this);
  }

  #failureOf(thrown: unknown, stage: number): Error {
    if (thrown instanceof Error) return thrown;
    const name = this.#state.nameOf(stage);
    const sentence = `Cannot run stage "${name}" as what it throws must be an error: it is ${sentenceOf(thrown)}`;
    return new EngineError("STAGE_FAILED", sentence, { where: { node: name }, cause: thrown });
  }
}

/** No element: the next event goes on. */
const asked = Symbol("asked");

interface Ports {
  readonly shape: Shape;
  readonly in: Inlet<unknown> | undefined;
  readonly out: Outlet<unknown> | undefined;
  readonly again: { readonly in: Inlet<unknown>; readonly out: Outlet<unknown> } | undefined;
}

function portsOf(kernels: readonly Kernel[]): Ports {
  const ownIn = isSource(kernels[0]) ? undefined : new Inlet<unknown>("fused.in");
  const ownOut = isSink(kernels.at(-1)) ? undefined : new Outlet<unknown>("fused.out");
  const again =
    ownIn === undefined
      ? { in: new Inlet<unknown>("fused.again"), out: new Outlet<unknown>("fused.again") }
      : undefined;
  const shape = {
    inlets: [ownIn, again?.in].filter((inlet) => inlet !== undefined),
    outlets: [ownOut, again?.out].filter((outlet) => outlet !== undefined),
  };
  return { shape, in: ownIn, out: ownOut, again };
}
