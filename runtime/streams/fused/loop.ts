import type { Connection } from "../connection.ts";
import type { GraphStageLogic } from "../graph-stage.ts";
import { hasKernel, type Kernel, type LoopEntry, type LoopExit } from "./kernel.ts";

type Logic = GraphStageLogic<unknown>;

/** Where a loop may begin: its first inlet goes before the second, and it has no others. */
export interface LoopEntryLogic extends Logic {
  readonly beginsLoops: boolean;
  kernel: LoopEntry | undefined;
}

/** Where a loop may end: it has two outlets, and ends as soon as one of them does. */
export interface LoopExitLogic extends Logic {
  /** Which outlet an element leaves by. */
  readonly endsLoops: ((element: unknown) => number) | undefined;
  kernel: LoopExit | undefined;
}

/** What a stage inside a loop may do: each element stands for itself, and none ends the stage. */
const insideLoops: ReadonlySet<Kernel["kind"]> = new Set(["map", "filter", "collect", "zipWithIndex", "monitor"]);

/**
 * Finds a row of stages whose end leads back to its beginning, where what is on the way back goes first: then an element goes round until
 * it leaves, before the next comes in, and beginning and end may be run with the stages between them. They are given the kernels for it.
 *
 * @returns the wires that lead back, of which no element needs to be told: at most one.
 */
export function findLoop(connections: readonly Connection[]): readonly Connection[] {
  for (const back of connections) {
    const { outOwner: exit, inOwner: entry } = back;
    if (!endsLoops(exit) || !beginsLoops(entry) || entry.stagePorts[0] !== back) continue;
    let owner: Logic | undefined = exit.stagePorts[0]?.outOwner;
    while (owner !== undefined && owner !== entry && hasKernel(owner) && insideLoops.has(owner.kernel.kind)) {
      owner = owner.stagePorts[0]?.outOwner;
    }
    if (owner !== entry) continue;
    entry.kernel = { kind: "loopEntry" };
    exit.kernel = { kind: "loopExit", run: exit.endsLoops, again: exit.stagePorts.indexOf(back) - 1 };
    return [back];
  }
  return [];
}

function beginsLoops(logic: Logic): logic is LoopEntryLogic {
  return "beginsLoops" in logic && logic.beginsLoops === true;
}

function endsLoops(logic: Logic): logic is LoopExitLogic & { endsLoops: (element: unknown) => number } {
  return "endsLoops" in logic && logic.endsLoops !== undefined;
}
