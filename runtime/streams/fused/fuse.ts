import { Connection } from "../connection.ts";
import type { GraphStageLogic } from "../graph-stage.ts";
import { FusedLogic } from "./fused-logic.ts";
import { findLoop } from "./loop.ts";
import { hasKernel, isSink, isSource, type KernelLogic } from "./kernel.ts";

type Logic = GraphStageLogic<unknown>;

/** The stages of one island, wired. */
export interface IslandParts {
  readonly logics: Logic[];
  readonly connections: Connection[];
}

/**
 * Replaces each longest row of stages that have kernels by one stage; also a single one, where a neighbour takes chunks. Wires to others
 * keep their place, so the stages there see no difference.
 */
export function fuse(island: IslandParts): void {
  const loops = findLoop(island.connections);
  const behind = new Map<Logic, Connection>();
  const before = new Map<Logic, Connection>();
  const besideChunks = new Set<Logic>();
  for (const connection of island.connections) {
    const { outOwner, inOwner } = connection;
    if (loops.includes(connection)) continue;
    if ("takesChunks" in outOwner) besideChunks.add(inOwner);
    if ("takesChunks" in inOwner) besideChunks.add(outOwner);
    if (!hasKernel(outOwner) || !hasKernel(inOwner)) continue;
    if (isSink(outOwner.kernel) || isSource(inOwner.kernel)) continue;
    behind.set(outOwner, connection);
    before.set(inOwner, connection);
  }
  // A ring of kernels has no first one, and stays as it is.
  const firsts = island.logics
    .filter(hasKernel)
    .filter((logic) => !before.has(logic) && (behind.has(logic) || besideChunks.has(logic)));
  for (const first of firsts) replace(island, rowFrom(first, behind));
}

function rowFrom(first: KernelLogic, behind: ReadonlyMap<Logic, Connection>): KernelLogic[] {
  const row = [first];
  for (let wire = behind.get(first); wire !== undefined; wire = behind.get(wire.inOwner)) {
    row.push(wire.inOwner as KernelLogic);
  }
  return row;
}

function replace(island: IslandParts, row: readonly KernelLogic[]): void {
  const fused = new FusedLogic(row);
  const gone = new Set<Logic>(row);
  const kept: Connection[] = [];
  for (const connection of island.connections) {
    const inside = gone.has(connection.inOwner);
    const outside = !gone.has(connection.outOwner);
    if (inside && !outside) continue;
    if (inside) {
      connection.inOwner = fused;
      connection.inHandler = fused;
      fused.stagePorts[0] = connection;
    } else if (!outside) {
      connection.outOwner = fused;
      connection.outHandler = fused;
      fused.stagePorts[fused.stageInletCount] = connection;
    }
    kept.push(connection);
  }
  if (fused.again !== undefined) {
    const { again } = fused;
    const handlers = { out: fused.stageOutHandler(again.out.id), in: fused.stageInHandler(again.in.id) };
    const connection = new Connection(fused, handlers.out, fused, handlers.in);
    connection.givesTurns = true;
    fused.stagePorts[again.in.id] = connection;
    fused.stagePorts[fused.stageInletCount + again.out.id] = connection;
    kept.push(connection);
  }
  island.connections.splice(0, island.connections.length, ...kept);
  island.logics.splice(island.logics.indexOf(row[0] as Logic), 1, fused);
  for (const logic of row.slice(1)) island.logics.splice(island.logics.indexOf(logic), 1);
}
