import assert from "node:assert/strict";
import type { Clock } from "../../clock/clock.ts";
import type { VirtualClock } from "../../clock/virtual-clock.ts";

/** Runs the turns that wait, so that a probe looks at a graph at rest. Works only under a virtual clock. */
export function drive(clock: Clock): void {
  assert("runSoon" in clock, "probes work under a virtual clock");
  (clock as VirtualClock).runSoon();
}
