import { systemClock } from "../../runtime/clock/system-clock.ts";
import { type VirtualClock, virtualClock } from "../../runtime/clock/virtual-clock.ts";

/** Time that moves only when told, with turns that run by themselves: for tests that wait for real files and sockets. */
export function ioClock(): VirtualClock {
  const virtual = virtualClock();
  return {
    now: () => virtual.now(),
    monotonic: () => virtual.monotonic(),
    random: () => virtual.random(),
    after: (delayMs, run) => virtual.after(delayMs, run),
    soon: (run) => systemClock.soon(run),
    advance: (ms) => virtual.advance(ms),
    runSoon: () => {},
    settle: () => new Promise((resolve) => setImmediate(resolve)),
    get pendingTimers() {
      return virtual.pendingTimers;
    },
  };
}

/** Turns of the event loop until something that files and sockets bring about has come true. */
export async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setImmediate(resolve));
}
