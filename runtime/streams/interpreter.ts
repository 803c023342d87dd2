import type { ActorSystem } from "../actors/actor-system.ts";
import type { Clock } from "../clock/clock.ts";
import { EngineError, sentenceOf } from "../errors.ts";
import type { Log } from "../log.ts";
import {
  type Connection,
  inClosed,
  inFailed,
  outClosed,
  pullEndFlip,
  pulling,
  pushEndFlip,
  pushing,
} from "./connection.ts";
import type { GraphStageLogic } from "./graph-stage.ts";

/** Pushes and pulls taken from a variable, past the queue, in a row: what bounds how long another event waits. */
export const chaseMax = 16;

/** Elements that go from one stage to the next at once, where both can and so many are asked for. */
export const chunkMax = 256;

type Logic = GraphStageLogic<unknown>;

export interface InterpreterOptions {
  readonly logics: readonly Logic[];
  readonly connections: readonly Connection[];
  readonly clock: Clock;
  readonly log: Log;
  /** Where stages run streams of their own. */
  readonly system: ActorSystem;
  /** An asynchronous callback or timer wants a turn of its stage: call `runAsyncInput` later, in order. */
  readonly onAsyncInput: (logic: Logic, run: (value: unknown) => void, value: unknown) => void;
  /** A stage failed and had nobody downstream to hand the failure to. */
  readonly onFailure: (error: Error, logic: Logic) => void;
  /** Chased events in a row, 0 to 16; 0 makes the queue decide every order. Default 16. */
  readonly chaseMax?: number;
  /** Elements of a chunk, at least 1: with 1 each goes alone. Default 256. */
  readonly chunkMax?: number;
}

/**
 * Runs the stages of one island. Events wait in one first-in-first-out ring of connections, so every event runs after a bounded
 * number of others, cycles included; the stack never grows with the number of elements, and no event allocates.
 *
 * @see Pekko, `stream/impl/fusing/GraphInterpreter.scala`
 */
export class Interpreter {
  readonly clock: Clock;
  readonly log: Log;
  readonly system: ActorSystem;
  readonly chunkMax: number;
  readonly onAsyncInput: InterpreterOptions["onAsyncInput"];
  readonly #onFailure: InterpreterOptions["onFailure"];
  readonly #logics: readonly Logic[];
  readonly #chaseMax: number;
  /** Room for every connection once: at most one event of each is in flight. */
  readonly #ring: (Connection | undefined)[];
  readonly #mask: number;
  #head = 0;
  #tail = 0;
  #chasedPush: Connection | undefined;
  #chasedPull: Connection | undefined;
  /** Above 0 only while events run: outside, a chased event would be forgotten. */
  #chaseLeft = 0;
  /** Events beyond the one that the active stage was called for. */
  #charged = 0;
  #active: Logic | undefined;
  #running: number;

  constructor(options: InterpreterOptions) {
    this.clock = options.clock;
    this.log = options.log;
    this.system = options.system;
    this.onAsyncInput = options.onAsyncInput;
    this.#onFailure = options.onFailure;
    this.#logics = options.logics;
    this.#running = options.logics.length;
    this.#chaseMax = Math.min(chaseMax, options.chaseMax ?? chaseMax);
    this.chunkMax = options.chunkMax ?? chunkMax;
    const slots = 2 ** Math.ceil(Math.log2(options.connections.length + 1));
    this.#ring = new Array<Connection | undefined>(slots).fill(undefined);
    this.#mask = slots - 1;
    for (const logic of options.logics) logic.stageInterpreter = this;
  }

  /** Every stage has stopped. */
  get completed(): boolean {
    return this.#running === 0;
  }

  /** No event waits. */
  get parked(): boolean {
    return this.#head === this.#tail;
  }

  /** Calls `preStart` of every stage, in order. */
  start(): void {
    for (const logic of this.#logics) {
      this.#active = logic;
      try {
        logic.preStart();
      } catch (thrown) {
        this.#failActive(thrown);
      }
      this.#afterStage(logic);
    }
    this.#active = undefined;
  }

  /**
   * Runs events until none waits or `eventsMax` have run, overshooting by at most 16 and what one stage charges.
   *
   * @returns how many ran.
   */
  execute(eventsMax: number): number {
    let events = 0;
    this.#charged = 0;
    while (events + this.#charged < eventsMax && this.#head !== this.#tail) {
      const connection = this.#dequeue();
      this.#chaseLeft = this.#chaseMax;
      events += 1;
      try {
        this.#process(connection);
      } catch (thrown) {
        this.#failActive(thrown);
      }
      this.#afterActive();
      events += this.#chase();
    }
    this.#chaseLeft = 0;
    this.#active = undefined;
    return events + this.#charged;
  }

  /** The active stage has done the work of so many events: others have their chance the sooner. */
  charge(events: number): void {
    this.#charged += events;
    if (events > chaseMax) this.#chaseLeft = 0;
  }

  /** Gives a stage a turn for a callback; nothing where it has stopped. */
  runAsyncInput(logic: Logic, run: (value: unknown) => void, value: unknown): void {
    if (logic.stageStopped) return;
    this.#active = logic;
    try {
      run(value);
    } catch (thrown) {
      this.#failActive(thrown);
    }
    this.#afterStage(logic);
    this.#active = undefined;
  }

  /** Stops every stage at once: only `postStop` is called. */
  stop(): void {
    this.#head = this.#tail;
    for (const logic of this.#logics) if (!logic.stageStopped) this.#stopStage(logic);
  }

  chasePush(connection: Connection): void {
    if (this.#chaseLeft > 0 && this.#chasedPush === undefined) {
      this.#chaseLeft -= 1;
      this.#chasedPush = connection;
    } else this.#enqueue(connection);
  }

  chasePull(connection: Connection): void {
    if (this.#chaseLeft > 0 && this.#chasedPull === undefined) {
      this.#chaseLeft -= 1;
      this.#chasedPull = connection;
    } else this.#enqueue(connection);
  }

  complete(connection: Connection): void {
    const state = connection.portState;
    connection.portState = state | outClosed;
    if ((state & (inClosed | outClosed)) === 0) this.#announce(connection, state);
    if ((state & outClosed) === 0) connection.outOwner.stageOpenPorts -= 1;
  }

  fail(connection: Connection, error: Error): void {
    const state = connection.portState;
    connection.portState = state | outClosed;
    if ((state & (inClosed | outClosed)) === 0) {
      connection.portState |= inFailed;
      connection.cause = error;
      this.#announce(connection, state);
    }
    if ((state & outClosed) === 0) connection.outOwner.stageOpenPorts -= 1;
  }

  cancel(connection: Connection, cause: Error | undefined): void {
    const state = connection.portState;
    connection.portState = state | inClosed;
    // Kept for nobody from here on.
    if ((state & inClosed) === 0) connection.slot = undefined;
    if ((state & (inClosed | outClosed)) === 0) {
      connection.cause = cause;
      this.#announce(connection, state);
    }
    if ((state & inClosed) === 0) connection.inOwner.stageOpenPorts -= 1;
  }

  reportFailure(error: Error, logic: Logic): void {
    this.#onFailure(error, logic);
  }

  /** A port has closed: makes sure that the connection waits in the queue, once. */
  #announce(connection: Connection, state: number): void {
    if ((state & (pulling | pushing)) === 0) this.#enqueue(connection);
    else if (this.#chasedPush === connection) {
      // The chase would take the event for a push alone.
      this.#chasedPush = undefined;
      this.#enqueue(connection);
    } else if (this.#chasedPull === connection) {
      this.#chasedPull = undefined;
      this.#enqueue(connection);
    }
  }

  #process(connection: Connection): void {
    const state = connection.portState;
    const code = state & (pulling | pushing | outClosed | inClosed);
    if (code === pushing) this.#processPush(connection);
    else if (code === pulling) this.#processPull(connection);
    else if ((code & (outClosed | inClosed)) === inClosed) this.#processCancel(connection);
    else if ((code & (outClosed | inClosed)) === outClosed) {
      if ((code & pushing) === 0) this.#processEnd(connection);
      else {
        // The element first; the end keeps its place behind what waits already.
        this.#processPush(connection);
        this.#enqueue(connection);
      }
    } else this.#active = undefined;
  }

  #processPush(connection: Connection): void {
    this.#active = connection.inOwner;
    connection.portState ^= pushEndFlip;
    connection.inHandler.onPush();
  }

  #processPull(connection: Connection): void {
    this.#active = connection.outOwner;
    connection.portState ^= pullEndFlip;
    connection.outHandler.onPull();
  }

  #processCancel(connection: Connection): void {
    const logic = connection.outOwner;
    this.#active = logic;
    connection.portState |= outClosed;
    logic.stageOpenPorts -= 1;
    const { outHandler, cause } = connection;
    if (outHandler.onDownstreamFinish === undefined) logic.cancelStage(cause);
    else outHandler.onDownstreamFinish(cause);
  }

  #processEnd(connection: Connection): void {
    const logic = connection.inOwner;
    this.#active = logic;
    connection.portState |= inClosed;
    logic.stageOpenPorts -= 1;
    const { inHandler, cause } = connection;
    if ((connection.portState & inFailed) === 0) {
      if (inHandler.onUpstreamFinish === undefined) logic.completeStage();
      else inHandler.onUpstreamFinish();
    } else {
      const error = cause ?? failureOf(undefined, logic);
      if (inHandler.onUpstreamFailure === undefined) logic.failStage(error);
      else inHandler.onUpstreamFailure(error);
    }
  }

  #chase(): number {
    let events = 0;
    do {
      for (let next = this.#chasedPush; next !== undefined; next = this.#chasedPush) {
        this.#chasedPush = undefined;
        events += 1;
        try {
          this.#processPush(next);
        } catch (thrown) {
          this.#failActive(thrown);
        }
        this.#afterActive();
      }
      for (let next = this.#chasedPull; next !== undefined; next = this.#chasedPull) {
        this.#chasedPull = undefined;
        events += 1;
        try {
          this.#processPull(next);
        } catch (thrown) {
          this.#failActive(thrown);
        }
        this.#afterActive();
      }
    } while (this.#chasedPush !== undefined);
    return events;
  }

  #failActive(thrown: unknown): void {
    const logic = this.#active;
    if (logic === undefined) throw thrown;
    logic.failStage(failureOf(thrown, logic));
    // Chased events wait their turn: an element must not overtake what the failure put in the queue.
    this.#chaseLeft = 0;
    if (this.#chasedPush !== undefined) this.#enqueue(this.#chasedPush);
    if (this.#chasedPull !== undefined) this.#enqueue(this.#chasedPull);
    this.#chasedPush = undefined;
    this.#chasedPull = undefined;
  }

  #afterActive(): void {
    const logic = this.#active;
    if (logic !== undefined && logic.stageOpenPorts === 0) this.#afterStage(logic);
  }

  #afterStage(logic: Logic): void {
    if (logic.stageOpenPorts === 0 && !logic.stageKeepsGoing && !logic.stageStopped) this.#stopStage(logic);
  }

  #stopStage(logic: Logic): void {
    this.#running -= 1;
    try {
      logic.stageStop();
    } catch (thrown) {
      // Its ports are closed, so there is nobody left to tell but the run.
      this.#onFailure(failureOf(thrown, logic), logic);
    }
  }

  #enqueue(connection: Connection): void {
    this.#ring[this.#tail & this.#mask] = connection;
    this.#tail = (this.#tail + 1) | 0;
  }

  #dequeue(): Connection {
    const connection = this.#ring[this.#head & this.#mask] as Connection;
    this.#head = (this.#head + 1) | 0;
    return connection;
  }
}

function failureOf(thrown: unknown, logic: Logic): Error {
  if (thrown instanceof Error) return thrown;
  const sentence = `Cannot run stage "${logic.stageName}" as what it throws must be an error: it is ${sentenceOf(thrown)}`;
  return new EngineError("STAGE_FAILED", sentence, { where: { node: logic.stageName }, cause: thrown });
}
