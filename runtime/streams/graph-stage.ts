import assert from "node:assert/strict";
import type { ActorSystem } from "../actors/actor-system.ts";
import type { Clock, Timer } from "../clock/clock.ts";
import { EngineError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Module } from "./blueprint.ts";
import { type Connection, inClosed, inReady, outClosed, outReady, pullStartFlip, pushStartFlip } from "./connection.ts";
import { Emission } from "./emission.ts";
import type { Interpreter } from "./interpreter.ts";
import type { Decider } from "./supervised-stage.ts";

/** Where elements enter a stage. Belongs to one shape. */
export class Inlet<T> {
  readonly direction = "in";
  readonly name: string;
  /** Its place in the shape. @internal */
  id = -1;
  /** Never there: it ties the type. A method, so that an inlet of anything related fits. */
  declare readonly "~accepts"?: { of(element: T): void };

  constructor(name: string) {
    this.name = name;
  }
}

/** Where elements leave a stage. Belongs to one shape. */
export class Outlet<out T> {
  readonly direction = "out";
  readonly name: string;
  /** Its place in the shape. @internal */
  id = -1;
  /** Never there: it ties the type. */
  declare readonly "~emits"?: T;

  constructor(name: string) {
    this.name = name;
  }
}

/** The ports of a stage or blueprint: plain data, whose own fields are ports, or arrays or records of ports. */
export interface Shape {
  readonly inlets: readonly Inlet<unknown>[];
  readonly outlets: readonly Outlet<unknown>[];
}

/** What a logic is told about the place it runs at. */
export interface Attributes {
  /** The name of the stage, or the one given by `named`. */
  readonly name: string;
  /** What a supervised stage asks when its function throws; the stage fails where there is none. */
  readonly decider?: Decider;
  /** Where it runs. */
  readonly system: ActorSystem;
}

/** Whatever has ports and can be run or made part of something larger: stages and blueprints. Immutable. */
export interface Graph<out S extends Shape, out M> {
  readonly shape: S;
  /** How it is built. */
  readonly module: Module;
  /** Never there: it ties the type. */
  readonly "~materialized"?: M;
}

/**
 * The blueprint of one processing step. One stage may run many times, also at once, so all state lives in the logic.
 *
 * `M` is what a run hands to the caller: the logic's `materialized`.
 */
export abstract class GraphStage<S extends Shape = Shape, M = void> implements Graph<S, M> {
  abstract readonly shape: S;
  readonly name: string = this.constructor.name;
  /**
   * Keeps the elements of a cycle from growing in number for ever: it discards, ends or holds some, or takes one from elsewhere
   * for each of the cycle. Or the places of those inlets through which it does.
   */
  readonly boundsCycles: boolean | readonly number[] = false;
  declare readonly "~materialized"?: M;

  /** A fresh logic for one run. */
  abstract createLogic(attributes: Attributes): GraphStageLogic<M>;

  get module(): Module {
    return { kind: "stage", stage: this };
  }
}

export interface InHandler {
  /** An element has arrived: `grab` it. */
  onPush(): void;
  /** No element follows. Default: the stage completes. */
  onUpstreamFinish?(): void;
  /** Upstream failed. Default: the stage fails too. */
  onUpstreamFailure?(error: Error): void;
}

export interface OutHandler {
  /** One element may be pushed. */
  onPull(): void;
  /** Nothing more is wanted; `cause` is there if downstream failed. Default: the stage ends the same way. */
  onDownstreamFinish?(cause?: Error): void;
}

/**
 * One running stage. Its handlers, callbacks and timers never run at the same time, nor inside one another.
 *
 * Ports and time may be used from `preStart` on. A call that breaks the protocol throws `STAGE_FAILED`; whatever a handler throws
 * fails this stage alone.
 */
export abstract class GraphStageLogic<M = void> {
  /** What the caller of `run` gets; set by stages that have one. */
  declare readonly materialized: M;
  /** Inlets first, then outlets. @internal */
  readonly stagePorts: Connection[] = [];
  /** Where outlets begin among them. @internal */
  readonly stageInletCount: number;
  /** Ports still open. @internal */
  stageOpenPorts: number;
  /** Stays after its ports have closed. @internal */
  stageKeepsGoing = false;
  /** `postStop` was called. @internal */
  stageStopped = false;
  /** May be called from outside. @internal */
  stageHasCallbacks = false;
  /** Set by the run. @internal */
  stageInterpreter: Interpreter | undefined;
  /** Set by the run. @internal */
  stageName = "";
  readonly #shape: Shape;
  readonly #inHandlers: (InHandler | undefined)[] = [];
  readonly #outHandlers: (OutHandler | undefined)[] = [];
  readonly #timers = new Map<string, Timer>();

  /** @param shape Of the stage that makes this logic. */
  constructor(shape: Shape) {
    this.#shape = shape;
    this.stageInletCount = shape.inlets.length;
    this.stageOpenPorts = shape.inlets.length + shape.outlets.length;
    shape.inlets.forEach(number);
    shape.outlets.forEach(number);
  }

  /** Called once, before any handler. */
  preStart(): void {}

  /** Called once, whatever ended the stage: release here what was acquired. */
  postStop(): void {}

  /** A timer set with `scheduleOnce` is due. */
  onTimer(_key: string): void {}

  get clock(): Clock {
    return interpreterOf(this).clock;
  }

  get log(): Log {
    return interpreterOf(this).log;
  }

  /** Where it runs, for stages that run streams of their own. */
  get system(): ActorSystem {
    return interpreterOf(this).system;
  }

  /** Every port needs one before the run starts. It may be replaced at any time. */
  setHandler(port: Inlet<unknown>, handler: InHandler): void;
  setHandler(port: Outlet<unknown>, handler: OutHandler): void;
  setHandler(port: Inlet<unknown> | Outlet<unknown>, handler: InHandler | OutHandler): void {
    if (port.direction === "in") {
      this.#inHandlers[port.id] = handler as InHandler;
      const connection = this.stagePorts[port.id];
      if (connection !== undefined) connection.inHandler = handler as InHandler;
    } else {
      this.#outHandlers[port.id] = handler as OutHandler;
      const connection = this.stagePorts[this.stageInletCount + port.id];
      if (connection !== undefined) connection.outHandler = handler as OutHandler;
    }
  }

  /** Asks for one element. Not while one is asked for, nor on a closed port. */
  pull(inlet: Inlet<unknown>): void {
    const connection = inConnection(this, inlet);
    const state = connection.portState;
    if ((state & (inReady | inClosed | outClosed)) === inReady) {
      connection.portState = state ^ pullStartFlip;
      interpreterOf(this).chasePull(connection);
      return;
    }
    if ((state & inClosed) !== 0) throw this.#violation(`Cannot pull closed port: it is "${inlet.name}"`);
    if ((state & inReady) === 0) throw this.#violation(`Cannot pull port twice: it is "${inlet.name}"`);
    // Upstream has closed and its end is under way: nobody answers, but the port counts as pulled.
    connection.portState = state ^ pullStartFlip;
  }

  /** Like `pull`, but does nothing on a closed port. */
  tryPull(inlet: Inlet<unknown>): void {
    if (!this.isClosed(inlet)) this.pull(inlet);
  }

  /** Takes the element that has arrived; once each. */
  grab<T>(inlet: Inlet<T>): T {
    const connection = inConnection(this, inlet);
    const element = connection.slot;
    if ((connection.portState & inReady) === 0 || element === undefined) {
      throw this.#violation(`Cannot grab from empty port: it is "${inlet.name}"`);
    }
    connection.slot = undefined;
    return element as T;
  }

  /** Sends one element. Only where `isAvailable(outlet)`; undefined and null are no elements. */
  push<T>(outlet: Outlet<T>, element: T): void {
    const connection = outConnection(this, outlet);
    const state = connection.portState;
    if (element === undefined || element === null) {
      throw this.#violation(`Cannot push to "${outlet.name}" as an element must be there: it is ${String(element)}`);
    }
    if ((state & (outReady | outClosed | inClosed)) === outReady) {
      connection.portState = state ^ pushStartFlip;
      connection.slot = element;
      interpreterOf(this).chasePush(connection);
      return;
    }
    if ((state & outClosed) !== 0) throw this.#violation(`Cannot push closed port: it is "${outlet.name}"`);
    if ((state & outReady) === 0) {
      throw this.#violation(`Cannot push port twice, or before it is pulled: it is "${outlet.name}"`);
    }
    // Downstream has cancelled and that is under way: the element is not wanted, but the port counts as pushed.
    connection.portState = state ^ pushStartFlip;
  }

  /** Inlet: an element waits to be grabbed. Outlet: one may be pushed. */
  isAvailable(port: Inlet<unknown> | Outlet<unknown>): boolean {
    if (port.direction === "in") {
      const connection = inConnection(this, port);
      return (connection.portState & inReady) !== 0 && connection.slot !== undefined;
    }
    return (outConnection(this, port).portState & (outReady | outClosed)) === outReady;
  }

  /** An element was asked for and has not arrived. */
  hasBeenPulled(inlet: Inlet<unknown>): boolean {
    return (inConnection(this, inlet).portState & (inReady | inClosed)) === 0;
  }

  isClosed(port: Inlet<unknown> | Outlet<unknown>): boolean {
    return port.direction === "in"
      ? (inConnection(this, port).portState & inClosed) !== 0
      : (outConnection(this, port).portState & outClosed) !== 0;
  }

  /** No element follows at this outlet, after those being emitted. */
  complete(outlet: Outlet<unknown>): void {
    const handler = this.#outHandlers[outlet.id];
    if (handler instanceof Emission) handler.completeAfterwards();
    else interpreterOf(this).complete(outConnection(this, outlet));
  }

  /** Fails downstream of this outlet; overtakes what is being emitted. */
  fail(outlet: Outlet<unknown>, error: Error): void {
    interpreterOf(this).fail(outConnection(this, outlet), error);
  }

  /** Nothing more is wanted at this inlet; give the `cause` if that is a failure. */
  cancel(inlet: Inlet<unknown>, cause?: Error): void {
    interpreterOf(this).cancel(inConnection(this, inlet), cause);
  }

  /** Cancels every inlet and completes every outlet, after those being emitted. */
  completeStage(): void {
    this.setKeepGoing(false);
    for (const inlet of this.#shape.inlets) this.cancel(inlet);
    for (const outlet of this.#shape.outlets) this.complete(outlet);
  }

  /** Cancels every inlet with the error and fails every outlet. With no outlet open the run has failed. */
  failStage(error: Error): void {
    this.setKeepGoing(false);
    for (const inlet of this.#shape.inlets) this.cancel(inlet, error);
    let handedOn = false;
    for (const outlet of this.#shape.outlets) {
      if (!this.isClosed(outlet)) handedOn = true;
      this.fail(outlet, error);
    }
    if (!handedOn) interpreterOf(this).reportFailure(error, this);
  }

  /**
   * Ends as a cancellation asks: fails if it has a cause, else completes. Where every outlet is closed the failure is that of
   * those behind, who may have handled it: it is handed up, and the run has not failed by it.
   */
  cancelStage(cause?: Error): void {
    const { inlets, outlets } = this.#shape;
    if (cause === undefined) this.completeStage();
    else if (outlets.length > 0 && outlets.every((outlet) => this.isClosed(outlet))) {
      this.setKeepGoing(false);
      for (const inlet of inlets) this.cancel(inlet, cause);
    } else this.failStage(cause);
  }

  /** While set, the stage outlives its ports, until `completeStage`, `failStage` or a reset. */
  setKeepGoing(enabled: boolean): void {
    this.stageKeepsGoing = enabled;
  }

  /**
   * Pushes the element as soon as the outlet is pulled, then calls `andThen`. Its handler rests meanwhile, so it sees no pull for
   * it. The stage bounds how much it emits before it is done.
   */
  emit<T>(outlet: Outlet<T>, element: T, andThen?: () => void): void {
    this.emitMultiple(outlet, [element], andThen);
  }

  /** Like `emit`, for each element in order; the iterable is read as downstream pulls. */
  emitMultiple<T>(outlet: Outlet<T>, elements: Iterable<T>, andThen?: () => void): void {
    const handler = this.#outHandlers[outlet.id];
    assert(handler !== undefined, `port "${outlet.name}" has a handler`);
    if (handler instanceof Emission) handler.append(elements, andThen);
    else new Emission(this, outlet, handler).begin(elements, andThen);
  }

  /**
   * Makes a function that may be called from anywhere at any time: `run` is called with its value in a turn of this stage, in
   * order of the calls, or never where the stage stops before.
   */
  getAsyncCallback<T>(run: (value: T) => void): (value: T) => void {
    this.stageHasCallbacks = true;
    return (value) => {
      if (!this.stageStopped) interpreterOf(this).onAsyncInput(this, run as (value: unknown) => void, value);
    };
  }

  /** Calls `onTimer(key)` in `delayMs`; replaces the timer of that key. */
  scheduleOnce(key: string, delayMs: number): void {
    this.cancelTimer(key);
    const timer = this.clock.after(delayMs, () => {
      if (!this.stageStopped) interpreterOf(this).onAsyncInput(this, fire, undefined);
    });
    const fire = () => {
      // Cancelled or replaced between the moment it was due and this turn.
      if (this.#timers.get(key) !== timer) return;
      this.#timers.delete(key);
      this.onTimer(key);
    };
    this.#timers.set(key, timer);
  }

  cancelTimer(key: string): void {
    this.#timers.get(key)?.cancel();
    this.#timers.delete(key);
  }

  isTimerActive(key: string): boolean {
    return this.#timers.has(key);
  }

  /** The handler of an inlet. @internal */
  stageInHandler(index: number): InHandler {
    const handler = this.#inHandlers[index];
    if (handler === undefined) throw this.#unhandled(this.#shape.inlets[index]?.name);
    return handler;
  }

  /** The handler of an outlet. @internal */
  stageOutHandler(index: number): OutHandler {
    const handler = this.#outHandlers[index];
    if (handler === undefined) throw this.#unhandled(this.#shape.outlets[index]?.name);
    return handler;
  }

  /** Calls off timers, then `postStop`. @internal */
  stageStop(): void {
    this.stageStopped = true;
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
    this.postStop();
  }

  /** @internal */
  get stageHasTimers(): boolean {
    return this.#timers.size > 0;
  }

  #violation(sentence: string): EngineError {
    return new EngineError("STAGE_FAILED", sentence, { where: { node: this.stageName } });
  }

  #unhandled(port: string | undefined): EngineError {
    return this.#violation(
      `Cannot run stage "${this.stageName}" as every port needs a handler: it is missing at "${port}"`,
    );
  }
}

// Functions, as each call of a private method looks the class up again: here on the way of every event.

function interpreterOf(logic: GraphStageLogic<unknown>): Interpreter {
  const interpreter = logic.stageInterpreter;
  if (interpreter === undefined) assert.fail("a stage uses its ports, clock and log from preStart on");
  return interpreter;
}

function inConnection(logic: GraphStageLogic<unknown>, inlet: Inlet<unknown>): Connection {
  const connection = logic.stagePorts[inlet.id];
  if (connection === undefined) assert.fail("a stage uses its own ports, from preStart on");
  return connection;
}

function outConnection(logic: GraphStageLogic<unknown>, outlet: Outlet<unknown>): Connection {
  const connection = logic.stagePorts[logic.stageInletCount + outlet.id];
  if (connection === undefined) assert.fail("a stage uses its own ports, from preStart on");
  return connection;
}

function number(port: Inlet<unknown> | Outlet<unknown>, index: number): void {
  assert(port.id === -1 || port.id === index, `port "${port.name}" belongs to one shape`);
  port.id = index;
}
