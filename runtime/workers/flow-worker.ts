// Begins a worker that runs one flow: what comes by the port goes through it, and back.
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { ActorSystem } from "../actors/actor-system.ts";
import { systemClock } from "../clock/system-clock.ts";
import { EngineError } from "../errors.ts";
import { Flow } from "../streams/flow.ts";
import { type GraphBuilder, GraphDSL } from "../streams/graph-dsl.ts";
import { flowStage } from "../streams/linear-stage.ts";
import { type LinkMessage, type LinkPort, PortLink } from "../streams/port-link.ts";
import type { FlowShape } from "../streams/shape.ts";
import { toWire } from "./wire-error.ts";

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

/** The link is both ends of the flow, which so runs in a ring: what it fails with and where it cancels crosses. */
function run(flow: Flow<unknown, unknown, unknown>, port: MessagePort): void {
  const system = new ActorSystem({ clock: systemClock, name: "worker" });
  const ring = (builder: GraphBuilder) => {
    const link = builder.add(flowStage<unknown, unknown>("inWorker", (shape) => new WorkerEnd(shape, port)));
    const inner = builder.add(flow);
    builder.connect(link.out, inner.in);
    builder.connect(inner.out, link.in);
  };
  const { done } = GraphDSL.create(ring, { cycles: "allowed" }).runWatched(system, {
    // At once, as the end of the elements ends the thread too.
    onFailure: (error) => port.postMessage({ kind: "fault", error: toWire(error) } satisfies LinkMessage),
  });
  const end = () => port.close();
  done.then(end, end);
}

class WorkerEnd extends PortLink<unknown, unknown> {
  readonly #port: MessagePort;

  constructor(shape: FlowShape<unknown, unknown>, port: MessagePort) {
    super(shape);
    this.#port = port;
  }

  protected open(): LinkPort {
    return this.#port;
  }
}

// Last, as classes are not there before their lines have run.
if (parentPort !== null) run(await load(workerData as FlowWorkerData), parentPort);
