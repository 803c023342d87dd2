import type { Boundary } from "./boundary.ts";
import { type Connection, inClosed, inReady, outClosed, outReady } from "./connection.ts";
import type { GraphStageLogic } from "./graph-stage.ts";
import { ringsOf } from "./rings.ts";

type Logic = GraphStageLogic<unknown>;

/** A way of elements from one stage to the next, within an island or between two. */
interface Way {
  readonly from: Logic;
  readonly to: Logic;
  /** The next waits for an element, the one before waits to be asked, or neither as it has ended. */
  waits(): "for element" | "for demand" | "ended";
  /** An element has arrived that the next has not taken. */
  holds(): boolean;
}

/**
 * Tells whether a cycle can never move again, once every island rests. Two ways to come to that are known:
 *
 * - full: each stage of a cycle waits to be asked by the next, and everything they feed besides has asked already;
 * - starved: each waits for an element of the one before, nothing besides can give one, and an element from elsewhere lies there
 *   that is to be joined with it: the cycle lacks a first element.
 *
 * A stage with a timer set may act by itself, and so may a starved one that is called from outside: those are not reported.
 */
export class StallDetector {
  readonly #ways: readonly Way[];

  /** @returns undefined where the graph has no cycle. */
  static of(connections: readonly Connection[], boundaries: readonly Boundary[]): StallDetector | undefined {
    // Elements come to a cycle by a stage with another inlet.
    if (!connections.some(({ inOwner }) => inOwner.stageInletCount > 1)) return undefined;
    const ways = [...connections.filter(({ givesTurns }) => !givesTurns).map(wayOf), ...boundaries.map(wayAcross)];
    const onRings = new Set(ringsAlong(ways).flatMap((ring) => [...ring]));
    if (onRings.size === 0) return undefined;
    return new StallDetector(ways.filter(({ from, to }) => onRings.has(from) || onRings.has(to)));
  }

  private constructor(ways: readonly Way[]) {
    this.#ways = ways;
  }

  /** @returns the names of the stages of the first cycle that stalls, in no order; empty where none does. */
  stalled(): readonly string[] {
    const ring = this.#find("for demand") ?? this.#find("for element");
    return ring === undefined ? [] : [...new Set([...ring].map((logic) => logic.stageName))];
  }

  #find(waiting: "for demand" | "for element"): ReadonlySet<Logic> | undefined {
    const ways = this.#ways.filter((way) => way.waits() === waiting);
    return ringsAlong(ways).find((ring) => (waiting === "for demand" ? this.#isFull(ring) : this.#isStarved(ring)));
  }

  #isFull(ring: ReadonlySet<Logic>): boolean {
    if ([...ring].some((logic) => logic.stageHasTimers)) return false;
    return this.#ways.every((way) => !ring.has(way.from) || ring.has(way.to) || way.waits() !== "for demand");
  }

  #isStarved(ring: ReadonlySet<Logic>): boolean {
    if ([...ring].some((logic) => logic.stageHasTimers || logic.stageHasCallbacks)) return false;
    const besides = this.#ways.filter((way) => ring.has(way.to) && !ring.has(way.from));
    return besides.some((way) => way.holds()) && besides.every((way) => way.waits() !== "for element");
  }
}

function ringsAlong(ways: readonly Way[]): Set<Logic>[] {
  const next = new Map<Logic, Logic[]>();
  for (const { from, to } of ways) {
    const known = next.get(from);
    if (known === undefined) next.set(from, [to]);
    else known.push(to);
  }
  return ringsOf(next.keys(), (logic) => next.get(logic) ?? []);
}

function wayOf(connection: Connection): Way {
  return {
    from: connection.outOwner,
    to: connection.inOwner,
    waits: () => {
      const state = connection.portState;
      if ((state & (inClosed | outClosed)) !== 0) return "ended";
      return (state & outReady) !== 0 ? "for element" : "for demand";
    },
    holds: () => (connection.portState & inReady) !== 0 && connection.slot !== undefined,
  };
}

function wayAcross({ output, input }: Boundary): Way {
  return {
    from: output,
    to: input,
    waits: () => (output.stageStopped || input.stageStopped ? "ended" : output.full ? "for demand" : "for element"),
    holds: () => false,
  };
}
