import type { Arrivals } from "./streams/arrivals.ts";
import type { Workload } from "./workload.ts";

/** Every workload, by name; loaded on need, so that a participant's process holds nothing of the others. */
export const workloads: Readonly<Record<string, () => Promise<Workload>>> = {
  rollup: async () => (await import("./rollup/workload.ts")).rollup,
  "rollup-late": async () => (await import("./rollup-late/workload.ts")).rollupLate,
  w1: async () => (await import("./streams/linear.ts")).linear,
  w3: async () => (await import("./streams/async-map.ts")).asyncMap,
  w4: async () => (await import("./streams/branches.ts")).branches,
  w5: async () => (await import("./streams/loop.ts")).loop,
  "stage-cost": async () => (await import("./streams/stage-cost.ts")).stageCost,
  heavy: async () => (await import("./heavy/workload.ts")).heavy,
  "one-point": async () => (await import("./one-point/workload.ts")).onePoint,
  "protobuf-decode": async () => (await import("./protobuf-decode/workload.ts")).protobufDecode,
  "protobuf-decode-one": async () => (await import("./protobuf-decode/workload.ts")).protobufDecodeOne,
  "embedded-store": async () => (await import("./embedded-store/workload.ts")).embeddedStore,
  "late-point": async () => (await import("./late-point/workload.ts")).latePoint,
  crossing: async () => (await import("./streams/crossing.ts")).crossing,
  latency: () => latencyOf("latency", { perSecond: 20_000, by: "timer" }),
  "latency-polled": () => latencyOf("latency-polled", { perSecond: 20_000, by: "polled" }),
  backpressure: () => backpressureOf("backpressure", 256),
  "backpressure-1": () => backpressureOf("backpressure-1", 1),
  "backpressure-8": () => backpressureOf("backpressure-8", 8),
  "backpressure-64": () => backpressureOf("backpressure-64", 64),
  "backpressure-1024": () => backpressureOf("backpressure-1024", 1_024),
  "end-to-end": async () => (await import("./end-to-end/workload.ts")).endToEnd,
};

/** Workloads that need a real server: `npm run services -- up NAME` starts it. */
export const serverWorkloads: Readonly<Record<string, () => Promise<Workload>>> = {
  cassandra: async () => (await import("./cassandra/workload.ts")).cassandra,
  kafka: async () => (await import("./kafka/workload.ts")).kafka,
};

async function latencyOf(name: string, arrivals: Arrivals): Promise<Workload> {
  return (await import("./streams/latency.ts")).latency(name, arrivals);
}

async function backpressureOf(name: string, chunkRows: number): Promise<Workload> {
  return (await import("./streams/backpressure.ts")).backpressure(name, chunkRows);
}
