import assert from "node:assert/strict";
import type { ActorSystem } from "../../actors/actor-system.ts";
import type { VirtualClock } from "../../clock/virtual-clock.ts";
import { drive } from "./drive.ts";

/** Lets the system come to rest, then finds actors that still run and timers that are still set. */
export function assertAllStopped(system: ActorSystem): void {
  drive(system.clock);
  assert.deepEqual(system.running, [], "expected every actor to have stopped");
  assert.equal((system.clock as VirtualClock).pendingTimers, 0, "expected every timer to have been called off");
}
