// Begins a worker that runs one flow: what comes by the port goes through it, and back.
import { parentPort, workerData } from "node:worker_threads";
import { ActorSystem } from "../actors/actor-system.ts";
import { systemClock } from "../clock/system-clock.ts";
import { EngineError } from "../errors.ts";
import { Flow } from "../streams/flow.ts";
import { serveFlow } from "./serve-flow.ts";

export interface FlowWorkerData {
  /** URL of the module. */
  readonly module: string;
  /** Which of its exports: a flow, or a function that makes one of `argument`. */
  readonly exportName: string;
  readonly argument: unknown;
}

async function load({ module, exportName, argument }: FlowWorkerData): Promise<Flow<unknown, unknown, unknown>> {
  const loaded = (await import(module)) as Record<string, unknown>;
  const exported = loaded[exportName];
  const flow: unknown = typeof exported === "function" ? exported(argument) : exported;
  if (flow instanceof Flow) return flow;
  const sentence = `Cannot run "${exportName}" of "${module}" in a worker as it must be a flow: it is ${typeof flow}`;
  throw new EngineError("WORKER_FAILED", sentence);
}

if (parentPort !== null) {
  serveFlow(
    await load(workerData as FlowWorkerData),
    parentPort,
    new ActorSystem({ clock: systemClock, name: "worker" }),
  );
}
