import { EngineError, sentenceOf } from "../../errors.ts";
import { ChunkLogic } from "../chunk-logic.ts";
import { Inlet, Outlet, type Shape } from "../graph-stage.ts";
import type { Decider } from "../supervised-stage.ts";
import { FusedState, Group } from "./fused-state.ts";
import { isSink, isSource, type Kernel, type KernelLogic, type SinkKernel } from "./kernel.ts";
import { enter, present, roundsMax } from "./stepped-turn.ts";
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
 * State:         that of the stages, and the chunk that came in, while it goes through.
 * Delivery:      that of the stages; what one of them throws is for its decider, or fails the run under the name of that stage.
 */
export class FusedLogic extends ChunkLogic {
  readonly #state: FusedState;
  readonly #choice: TurnChoice;
  readonly #deciders: readonly (Decider | undefined)[];
  readonly #in: Inlet<unknown> | undefined;
  readonly #out: Outlet<unknown> | undefined;
  /** Its two ends are joined: an event on it gives the stage another turn. Only with a source or a loop. */
  readonly again: { readonly in: Inlet<unknown>; readonly out: Outlet<unknown> } | undefined;
  readonly #sink: SinkKernel | undefined;
  /** A stage takes more elements, or fewer, than leave it. */
  readonly #scalesDemand: boolean;
  /** Stages that emit before they ask: the last is asked first. */
  readonly #beginners: number[] = [];
  /** Where a lone element comes in, and where one leaves: most runs need no more. */
  readonly #loneIn: unknown[] = [undefined];
  readonly #loneOut: unknown[] = [undefined];
  #headClosed = false;
  /** Upstream is over, and something of what came from it still goes round. */
  #endsAfterRound = false;
  #failure: Error | undefined;

  constructor(logics: readonly KernelLogic[]) {
    const kernels = logics.map(({ kernel }) => kernel);
    const ports = portsOf(kernels);
    super(ports.shape);
    this.#in = ports.in;
    this.#out = ports.out;
    this.again = ports.again;
    this.#state = new FusedState(
      kernels,
      logics.map(({ stageName }) => stageName),
    );
    this.#choice = new TurnChoice(kernels);
    this.#deciders = logics.map(({ decider }) => decider);
    this.#scalesDemand = kernels.some(({ kind }) => kind === "take" || kind === "grouped" || kind === "fold");
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
    this.#guarded(() => {
      const state = this.#state;
      const inlet = this.#in as Inlet<unknown>;
      if (this.holdsChunk(inlet)) state.elements = this.grabChunk(inlet);
      else {
        this.#loneIn[0] = this.grab(inlet);
        state.elements = this.#loneIn;
      }
      const emitted = this.#turn(state.elements.length);
      if (state.held !== undefined) {
        if (!emitted) this.#takeTurn();
        return;
      }
      this.#forget();
      if (state.ended >= 0) this.#advance();
      else if (!emitted) this.#askForMore();
    });
  }

  onPull(): void {
    this.#advance();
  }

  onUpstreamFinish(): void {
    this.#endsAfterRound = this.#state.held !== undefined;
    if (this.#endsAfterRound) return;
    this.#headClosed = true;
    this.#state.ended = Math.max(0, this.#state.ended);
    this.#advance();
  }

  onUpstreamFailure(error: Error): void {
    this.#fail(error);
  }

  onDownstreamFinish(cause?: Error): void {
    this.#failure = cause;
    if (this.#in !== undefined && cause !== undefined) this.cancel(this.#in, cause);
    this.completeStage();
  }

  override postStop(): void {
    this.#sink?.outcome.abandon();
    for (const kernel of this.#state.kernels) if (kernel.kind === "monitor") kernel.watch.end(this.#failure);
    const { iterator } = this.#state;
    this.#state.iterator = undefined;
    iterator?.return?.();
  }

  /** Goes on as far as demand and the length of a turn allow. */
  #advance(): void {
    this.#guarded(() => {
      while (!this.#finished() && this.#wanted()) {
        if (this.#step() === "asked") return;
      }
    });
  }

  #onAgain(): void {
    this.grab((this.again as { in: Inlet<unknown> }).in);
    this.#advance();
  }

  /** "asked" where the rest follows with the next event. */
  #step(): "done" | "asked" {
    const state = this.#state;
    if (state.held !== undefined) return this.#goOnRound();
    const beginner = this.#beginners.pop();
    if (beginner !== undefined) this.#give(beginner, state.cells[beginner]);
    else if (state.ended >= 0) {
      // What has come in at a loop's entry is through, and only those behind can end a loop.
      if (state.kernels[state.ended]?.kind === "loopEntry") return "asked";
      this.#release();
    } else if (this.#in !== undefined || !this.#read()) {
      this.#askForMore();
      return "asked";
    }
    return "done";
  }

  #goOnRound(): "done" | "asked" {
    const state = this.#state;
    const emitted = this.#turn(this.#in === undefined ? 0 : state.left);
    if (state.held !== undefined) {
      if (!emitted) this.#takeTurn();
      return "asked";
    }
    if (this.#in !== undefined) this.#forget();
    if (this.#endsAfterRound) this.onUpstreamFinish();
    return "done";
  }

  /** @returns whether something left or ended. */
  #read(): boolean {
    const emitted = this.#turn(elementsMax);
    this.stageInterpreter?.charge(elementsMax - this.#state.left);
    return emitted || this.#state.ended >= 0;
  }

  /** The first stage that has not ended gives what it holds back, then ends. */
  #release(): void {
    const state = this.#state;
    const stage = state.ended;
    state.ended += 1;
    const held = state.cells[stage];
    if (this.#holdsBack(stage)) this.#give(stage, held instanceof Group ? held.take() : held);
  }

  /**
   * Takes up to `count` elements through the stages, and sends on what leaves, also where one of them throws then.
   *
   * @returns whether something left.
   */
  #turn(count: number): boolean {
    const state = this.#state;
    const demand = this.#out === undefined ? 0 : this.demandOf(this.#out);
    const outputs = demand > 1 ? new Array<unknown>(Math.min(demand, count)) : this.#loneOut;
    state.left = count;
    try {
      do {
        try {
          this.#choice.turn(state, state.left, outputs);
        } catch (thrown) {
          this.#supervise(thrown, outputs);
        }
        // More only after a stage threw and went on: any other turn ends for one of these reasons.
      } while (state.left > 0 && state.held === undefined && state.ended < 0 && state.filled < outputs.length);
      if (state.held !== undefined) this.stageInterpreter?.charge(roundsMax);
      this.#choice.count(count - state.left);
    } finally {
      this.#send(outputs);
    }
    return this.#out !== undefined && !this.isAvailable(this.#out);
  }

  /** A stage gives an element of its own to those behind it. */
  #give(stage: number, element: unknown): void {
    try {
      this.#enterAfter(stage, element, this.#loneOut);
    } finally {
      this.#send(this.#loneOut);
    }
  }

  #enterAfter(stage: number, element: unknown, outputs: unknown[]): void {
    const state = this.#state;
    state.at = stage;
    const given = present(state, stage, element);
    try {
      const output = enter(state, stage + 1, given);
      if (output === undefined) return;
      outputs[state.filled] = output;
      state.filled += 1;
    } catch (thrown) {
      this.#supervise(thrown, outputs);
    }
  }

  #send(outputs: unknown[]): void {
    const { filled } = this.#state;
    if (filled === 0) return;
    this.#state.filled = 0;
    const out = this.#out as Outlet<unknown>;
    if (outputs === this.#loneOut) {
      this.push(out, outputs[0]);
      outputs[0] = undefined;
    } else {
      if (filled < outputs.length) outputs.length = filled;
      this.pushChunk(out, outputs);
    }
  }

  /** Drops the element at which a stage threw, and what that stage remembers, as far as its decider says so; else throws. */
  #supervise(thrown: unknown, outputs: unknown[]): void {
    const state = this.#state;
    const { at } = state;
    const directive = this.#deciders[at]?.(this.#failureOf(thrown, at)) ?? "stop";
    if (directive === "stop") throw thrown;
    if (directive === "resume") return;
    state.restart(at);
    if (state.kernels[at]?.kind === "scan") this.#enterAfter(at, state.cells[at], outputs);
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
    if (kind === "loopEntry") return true;
    return kind === "fold" || (kind === "grouped" && (this.#state.cells[stage] as Group).size > 0);
  }

  #wanted(): boolean {
    return this.#out === undefined || this.isAvailable(this.#out);
  }

  #askForMore(): void {
    if (this.#in !== undefined) this.pullChunk(this.#in, this.#need());
    else this.#takeTurn();
  }

  /** Goes on with an event of its own, behind those that wait. */
  #takeTurn(): void {
    const { again } = this;
    if (again === undefined) return;
    if (this.isAvailable(again.out)) this.push(again.out, true);
    else if (!this.hasBeenPulled(again.in)) this.pull(again.in);
  }

  #forget(): void {
    this.#state.forget();
    this.#loneIn[0] = undefined;
  }

  /** How many elements may come in before more leaves than downstream has asked for. */
  #need(): number {
    let need = this.#out === undefined ? Number.POSITIVE_INFINITY : this.demandOf(this.#out);
    if (!this.#scalesDemand) return need;
    const { kernels, cells } = this.#state;
    for (let stage = kernels.length - 1; stage >= 0; stage -= 1) {
      const kernel = kernels[stage];
      if (kernel?.kind === "take") need = Math.min(need, cells[stage] as number);
      else if (kernel?.kind === "grouped") need = need * kernel.count - (cells[stage] as Group).size;
      else if (kernel?.kind === "fold") need = Number.POSITIVE_INFINITY;
    }
    return need;
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
      this.#fail(failure, told);
    }
  }

  #fail(error: Error, told = true): void {
    if (told) this.#sink?.outcome.reject(error);
    this.#failure = error;
    this.failStage(error);
    // The outlet that gives the stage its turns tells nobody.
    if (this.again !== undefined && this.#out === undefined) this.stageInterpreter?.reportFailure(error, this);
  }

  #failureOf(thrown: unknown, stage: number): Error {
    if (thrown instanceof Error) return thrown;
    const name = this.#state.nameOf(stage);
    const sentence = `Cannot run stage "${name}" as what it throws must be an error: it is ${sentenceOf(thrown)}`;
    return new EngineError("STAGE_FAILED", sentence, { where: { node: name }, cause: thrown });
  }
}

interface Ports {
  readonly shape: Shape;
  readonly in: Inlet<unknown> | undefined;
  readonly out: Outlet<unknown> | undefined;
  readonly again: { readonly in: Inlet<unknown>; readonly out: Outlet<unknown> } | undefined;
}

function portsOf(kernels: readonly Kernel[]): Ports {
  const ownIn = isSource(kernels[0]) ? undefined : new Inlet<unknown>("fused.in");
  const ownOut = isSink(kernels.at(-1)) ? undefined : new Outlet<unknown>("fused.out");
  const takesTurns = ownIn === undefined || kernels.some(({ kind }) => kind === "loopEntry");
  const again = takesTurns
    ? { in: new Inlet<unknown>("fused.again"), out: new Outlet<unknown>("fused.again") }
    : undefined;
  const shape = {
    inlets: [ownIn, again?.in].filter((inlet) => inlet !== undefined),
    outlets: [ownOut, again?.out].filter((outlet) => outlet !== undefined),
  };
  return { shape, in: ownIn, out: ownOut, again };
}
