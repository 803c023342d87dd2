import type { Workload } from "./workload.ts";

/** Every workload, by name; loaded on need, so that a participant's process holds nothing of the others. */
export const workloads: Readonly<Record<string, () => Promise<Workload>>> = {
  rollup: async () => (await import("./rollup/workload.ts")).rollup,
  "rollup-late": async () => (await import("./rollup-late/workload.ts")).rollupLate,
  w1: async () => (await import("./streams/linear.ts")).linear,
  w3: async () => (await import("./streams/async-map.ts")).asyncMap,
  w4: async () => (await import("./streams/branches.ts")).branches,
  "stage-cost": async () => (await import("./streams/stage-cost.ts")).stageCost,
  heavy: async () => (await import("./heavy/workload.ts")).heavy,
  "end-to-end": async () => (await import("./end-to-end/workload.ts")).endToEnd,
};
