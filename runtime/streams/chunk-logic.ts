import { EngineError } from "../errors.ts";
import { type Connection, inClosed, pushing } from "./connection.ts";
import { GraphStageLogic, type Inlet, type Outlet } from "./graph-stage.ts";

/**
 * A logic whose ports may carry several elements at once. A chunk is only what was asked for: never more elements than the pull
 * said, so no stage is made to read ahead, and a lone element never waits for others. A neighbour that takes one at a time asks for
 * one, and gets one.
 *
 * A chunk is not changed once it is pushed: several stages may hold it.
 */
export abstract class ChunkLogic<M = void> extends GraphStageLogic<M> {
  /** Its neighbours are to be fused, even where one stands alone, as only then they carry chunks. */
  readonly takesChunks = true;

  /** Like `pull`, for up to `elementsMax` elements; at least 1. A longer chunk than that of the run is not asked for. */
  protected pullChunk(inlet: Inlet<unknown>, elementsMax: number): void {
    inConnection(this, inlet).demand = Math.min(elementsMax, this.stageInterpreter?.chunkMax ?? 1);
    this.pull(inlet);
  }

  /**
   * Lets more come than was asked for, where it has not come yet: an inlet at which nothing arrives for long else keeps to what
   * downstream took when it was pulled, and whoever divides a stream among several reads no more for it.
   */
  protected raiseDemand(inlets: readonly Inlet<unknown>[], elementsMax: number): void {
    const demand = Math.min(elementsMax, this.stageInterpreter?.chunkMax ?? 1);
    for (const inlet of inlets) {
      const connection = inConnection(this, inlet);
      if (this.hasBeenPulled(inlet)) connection.demand = Math.max(connection.demand, demand);
    }
  }

  /** How many elements may be pushed now, at once; 0 where not `isAvailable(outlet)`. */
  protected demandOf(outlet: Outlet<unknown>): number {
    return this.isAvailable(outlet) ? outConnection(this, outlet).demand : 0;
  }

  /** Like `push`, of 1 to `demandOf(outlet)` elements; the array belongs to downstream from here on. */
  protected pushChunk<T>(outlet: Outlet<T>, elements: readonly T[]): void {
    const connection = outConnection(this, outlet);
    if (elements.length === 1) {
      this.push(outlet, elements[0] as T);
      return;
    }
    if (elements.length < 1 || elements.length > connection.demand) {
      const sentence = `Cannot push to "${outlet.name}" as a chunk must have 1 to ${connection.demand} elements: it has ${elements.length}`;
      throw new EngineError("STAGE_FAILED", sentence, { where: { node: this.stageName } });
    }
    this.push<unknown>(outlet, elements);
    connection.chunked = true;
    this.stageInterpreter?.charge(elements.length);
  }

  /** Something was pushed to the inlet, and its turn is still to come. */
  protected isArriving(inlet: Inlet<unknown>): boolean {
    return (inConnection(this, inlet).portState & (pushing | inClosed)) === pushing;
  }

  /** More than one element has arrived: `grabChunk` is the way to take them. */
  protected holdsChunk(inlet: Inlet<unknown>): boolean {
    return inConnection(this, inlet).chunked;
  }

  /** Takes what has arrived, `elementsMax` at most: the others stay, and the inlet stays available. */
  protected grabChunk<T>(inlet: Inlet<T>, elementsMax = Number.POSITIVE_INFINITY): readonly T[] {
    const connection = inConnection(this, inlet);
    if (!connection.chunked) return [this.grab(inlet)];
    const chunk = connection.slot as readonly T[];
    const { taken } = connection;
    if (chunk.length - taken > elementsMax) {
      connection.taken += elementsMax;
      return chunk.slice(taken, taken + elementsMax);
    }
    connection.chunked = false;
    connection.taken = 0;
    this.grab(inlet);
    return taken === 0 ? chunk : chunk.slice(taken);
  }

  /**
   * Sends what waits at an inlet on to an outlet that is available, as far as it was asked for.
   *
   * @returns whether nothing is left at the inlet.
   */
  protected pass<T>(inlet: Inlet<T>, outlet: Outlet<T>): boolean {
    if (this.holdsChunk(inlet)) this.pushChunk(outlet, this.grabChunk(inlet, this.demandOf(outlet)));
    else this.push(outlet, this.grab(inlet));
    return !this.isAvailable(inlet);
  }
}

// Functions, as each call of a private method looks the class up again.

function inConnection(logic: GraphStageLogic<unknown>, inlet: Inlet<unknown>): Connection {
  return logic.stagePorts[inlet.id] as Connection;
}

function outConnection(logic: GraphStageLogic<unknown>, outlet: Outlet<unknown>): Connection {
  return logic.stagePorts[logic.stageInletCount + outlet.id] as Connection;
}
