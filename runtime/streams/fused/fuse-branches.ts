import type { Connection } from "../connection.ts";
import { GraphStageLogic } from "../graph-stage.ts";
import type { IslandParts } from "./fuse.ts";
import { type BranchesKernel, hasKernel, isSink, type Kernel, type StatelessKernel } from "./kernel.ts";

type Logic = GraphStageLogic<unknown>;

/** A junction that gives each element to all. */
interface Splitting extends Logic {
  readonly splits: { readonly onCopy: ((element: unknown, copies: number) => void) | undefined };
}

/** Stands for a broadcast, its branches and their merge until it is fused with its neighbours; it never runs. */
class BranchesLogic extends GraphStageLogic {
  readonly kernel: BranchesKernel;

  constructor(kernel: BranchesKernel) {
    super({ inlets: [], outlets: [] });
    this.kernel = kernel;
  }
}

interface Diamond {
  readonly gone: ReadonlySet<Logic>;
  readonly kernel: BranchesKernel;
  readonly into: Connection;
  readonly outOf: Connection;
}

/**
 * Makes one stage of each broadcast whose branches only map and filter, all into one merge, where a sink takes all that leaves. An
 * element goes through the branches one after the other, which is one of the orders that a merge may see.
 */
export function fuseBranches(island: IslandParts, apart: ReadonlySet<Logic>): void {
  for (const logic of [...island.logics]) {
    if (!("splits" in logic)) continue;
    const diamond = diamondFrom(logic as Splitting, apart);
    if (diamond !== undefined && endsInSink(diamond.outOf, apart)) put(island, diamond);
  }
}

function diamondFrom(splitting: Splitting, apart: ReadonlySet<Logic>): Diamond | undefined {
  const [into, ...outlets] = splitting.stagePorts;
  const gone = new Set<Logic>([splitting]);
  const branches: StatelessKernel[][] = [];
  const names = [splitting.stageName];
  let merge: Logic | undefined;
  for (const outlet of outlets) {
    const branch: StatelessKernel[] = [];
    let wire: Connection | undefined = outlet;
    for (; wire !== undefined; wire = wire.inOwner.stagePorts[1]) {
      const kernel = kernelOf(wire.inOwner);
      if (kernel === undefined || apart.has(wire.inOwner)) break;
      branch.push(kernel);
      names.push(wire.inOwner.stageName);
      gone.add(wire.inOwner);
    }
    const end: Logic | undefined = wire?.inOwner;
    if (end === undefined || !("joins" in end) || end.joins !== true || (merge ?? end) !== end) return undefined;
    merge = end;
    branches.push(branch);
  }
  const outOf = merge?.stagePorts.at(-1);
  if (merge === undefined || into === undefined || outOf === undefined) return undefined;
  // Others feed it too, or it feeds itself.
  if (merge.stageInletCount !== branches.length || outOf.inOwner === splitting) return undefined;
  gone.add(merge);
  return { gone, kernel: { kind: "branches", branches, onCopy: splitting.splits.onCopy, names }, into, outOf };
}

function kernelOf(logic: Logic): StatelessKernel | undefined {
  const kernel: Kernel | undefined = hasKernel(logic) ? logic.kernel : undefined;
  return kernel?.kind === "map" || kernel?.kind === "filter" ? kernel : undefined;
}

function endsInSink(from: Connection, apart: ReadonlySet<Logic>): boolean {
  const seen = new Set<Logic>();
  for (let wire: Connection | undefined = from; wire !== undefined; wire = wire.inOwner.stagePorts[1]) {
    const logic = wire.inOwner;
    if (!hasKernel(logic) || apart.has(logic) || seen.has(logic)) return false;
    if (isSink(logic.kernel)) return true;
    if (logic.kernel.kind === "branches") return false;
    seen.add(logic);
  }
  return false;
}

function put(island: IslandParts, { gone, kernel, into, outOf }: Diamond): void {
  const whole = new BranchesLogic(kernel);
  whole.stageName = outOf.outOwner.stageName;
  into.inOwner = whole;
  outOf.outOwner = whole;
  whole.stagePorts.push(into, outOf);
  const connections = island.connections.filter((wire) => !gone.has(wire.inOwner) && !gone.has(wire.outOwner));
  island.connections.splice(0, island.connections.length, ...connections);
  const at = island.logics.findIndex((logic) => gone.has(logic));
  const logics = island.logics.filter((logic) => !gone.has(logic));
  logics.splice(at, 0, whole);
  island.logics.splice(0, island.logics.length, ...logics);
}
