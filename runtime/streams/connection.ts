import type { GraphStageLogic, InHandler, OutHandler } from "./graph-stage.ts";

/**
 * The state of a connection: one hot bit of the first four says where the element or the demand is, the others who has closed.
 * The lifecycle of an element is a ring, and each step flips two bits:
 * inReady -(pull)-> pulling -(onPull)-> outReady -(push)-> pushing -(onPush)-> inReady.
 *
 * @see Pekko, `stream/impl/fusing/GraphInterpreter.scala`
 */
export const inReady = 1;
export const pulling = 2;
export const pushing = 4;
export const outReady = 8;
export const inClosed = 16;
export const outClosed = 32;
export const inFailed = 64;

export const pullStartFlip = inReady | pulling;
export const pullEndFlip = pulling | outReady;
export const pushStartFlip = outReady | pushing;
export const pushEndFlip = pushing | inReady;

/** Joins one outlet to one inlet of the same island. At most one event of it is in flight. */
export class Connection {
  portState = inReady;
  /** The element on its way or not yet grabbed; undefined is none, as undefined is no element. */
  slot: unknown = undefined;
  /** How many elements a pull asks for at most; above 1 only where the stage downstream takes chunks. */
  demand = 1;
  /** What lies in the slot is an array of elements, 2 to `demand` of them, of which the first `taken` are grabbed. */
  chunked = false;
  taken = 0;
  /** Joins a stage to itself, to give it turns: no element goes that way. */
  givesTurns = false;
  /** Why it failed, or why it was cancelled. Undefined where it was cancelled as nothing more is needed. */
  cause: Error | undefined = undefined;
  /** Its owners and handlers are replaced where stages are fused, before the run starts. */
  inOwner: GraphStageLogic<unknown>;
  outOwner: GraphStageLogic<unknown>;
  inHandler: InHandler;
  outHandler: OutHandler;

  constructor(
    outOwner: GraphStageLogic<unknown>,
    outHandler: OutHandler,
    inOwner: GraphStageLogic<unknown>,
    inHandler: InHandler,
  ) {
    this.outOwner = outOwner;
    this.outHandler = outHandler;
    this.inOwner = inOwner;
    this.inHandler = inHandler;
  }
}
