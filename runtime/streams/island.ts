import type { ActorRef } from "../actors/actor-ref.ts";
import type { ActorSystem } from "../actors/actor-system.ts";
import type { ActorContext, Behavior } from "../actors/behavior.ts";
import { Mailbox } from "../actors/mailbox.ts";
import { EngineError } from "../errors.ts";
import type { OutputBoundary } from "./boundary.ts";
import type { Connection } from "./connection.ts";
import type { GraphStageLogic } from "./graph-stage.ts";
import { Interpreter } from "./interpreter.ts";

/** Events in one turn: then another island has its chance. */
const eventsMax = 1_000;

/** Callbacks that wait at most; stages bound what they have under way far below this. */
const inputsMax = 65_536;

type Logic = GraphStageLogic<unknown>;

export interface IslandParts {
  readonly logics: readonly Logic[];
  readonly connections: readonly Connection[];
  readonly system: ActorSystem;
  /** A failure that no stage handled. */
  readonly onFailure: (error: Error) => void;
  /** @param completed Every stage ended by itself. */
  readonly onStopped: (completed: boolean) => void;
  /** It rests until something from outside wakes it. */
  readonly onParked?: () => void;
  readonly chaseMax?: number;
  readonly chunkMax?: number;
}

/** Stages that step together: one interpreter inside one actor. */
export class Island implements Behavior<"wake"> {
  readonly #parts: IslandParts;
  readonly #interpreter: Interpreter;
  readonly #inputs = new Mailbox<AsyncInput>();
  /** Ends that hold back elements until the island parks. */
  readonly #unflushed: OutputBoundary[] = [];
  #self: ActorRef<"wake"> | undefined;
  #awake = false;

  constructor(parts: IslandParts) {
    this.#parts = parts;
    this.#interpreter = new Interpreter({
      logics: parts.logics,
      connections: parts.connections,
      clock: parts.system.clock,
      log: parts.system.log,
      system: parts.system,
      onAsyncInput: (logic, run, value) => this.#onAsyncInput(logic, run, value),
      onFailure: parts.onFailure,
      ...(parts.chaseMax === undefined ? {} : { chaseMax: parts.chaseMax }),
      ...(parts.chunkMax === undefined ? {} : { chunkMax: parts.chunkMax }),
    });
  }

  start(name: string): void {
    this.#self = this.#parts.system.spawn(this, name);
    this.#wake();
  }

  /** Ends it in a turn of its own; `postStop` of each stage is called. */
  stop(): void {
    this.#self?.stop();
  }

  /** An end of a boundary holds elements. */
  readonly onWritten = (output: OutputBoundary): void => {
    this.#unflushed.push(output);
  };

  preStart(): void {
    this.#interpreter.start();
  }

  receive(_message: "wake", context: ActorContext<"wake">): void {
    this.#awake = false;
    // Those that come while these run wait for the next turn.
    for (let left = this.#inputs.size; left > 0; left -= 1) {
      const input = this.#inputs.shift();
      if (input !== undefined) this.#interpreter.runAsyncInput(input.logic, input.run, input.value);
    }
    this.#interpreter.execute(eventsMax);
    for (const output of this.#unflushed) output.flush();
    this.#unflushed.length = 0;
    if (this.#interpreter.completed) context.stop();
    else if (!this.#interpreter.parked || this.#inputs.size > 0) this.#wake();
    else this.#parts.onParked?.();
  }

  /** Nothing of it waits for a turn. */
  get parked(): boolean {
    return !this.#awake && this.#interpreter.parked;
  }

  postStop(): void {
    const { completed } = this.#interpreter;
    this.#interpreter.stop();
    this.#parts.onStopped(completed);
  }

  #onAsyncInput(logic: Logic, run: (value: unknown) => void, value: unknown): void {
    if (this.#inputs.size >= inputsMax) {
      const sentence = `Cannot call back a stage as at most ${inputsMax} calls may wait: it is "${logic.stageName}"`;
      this.#parts.onFailure(new EngineError("MAILBOX_FULL", sentence));
      this.stop();
      return;
    }
    this.#inputs.push({ logic, run, value });
    this.#wake();
  }

  #wake(): void {
    if (this.#awake || this.#self === undefined) return;
    this.#awake = true;
    this.#self.tell("wake");
  }
}

interface AsyncInput {
  readonly logic: Logic;
  readonly run: (value: unknown) => void;
  readonly value: unknown;
}
