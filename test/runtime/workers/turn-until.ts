import type { VirtualClock } from "../../../runtime/clock/virtual-clock.ts";

/** Gives the graph and the threads their turns, without moving time, until `awaited` has settled or holds. */
export async function turnUntil<T>(clock: VirtualClock, awaited: Promise<T> | (() => boolean)): Promise<T | undefined> {
  let over = false;
  const settled = () => {
    over = true;
  };
  if (typeof awaited !== "function") awaited.then(settled, settled);
  while (!over) {
    clock.runSoon();
    await new Promise((resolve) => setImmediate(resolve));
    if (typeof awaited === "function") over = awaited();
  }
  return typeof awaited === "function" ? undefined : awaited;
}
