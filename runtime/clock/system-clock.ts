import type { Clock } from "./clock.ts";

/** The machine's own time and chance. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, run) {
    // Node clamps a longer delay to 1 ms; 24.8 days is its maximum, and no timer of ours needs more.
    const handle = setTimeout(run, Math.min(delayMs, 0x7fffffff));
    return { cancel: () => clearTimeout(handle) };
  },
  soon: (run) => {
    setImmediate(run);
  },
  random: () => Math.random(),
};
