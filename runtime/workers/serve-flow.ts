import type { MessagePort } from "node:worker_threads";
import type { ActorSystem } from "../actors/actor-system.ts";
import type { Flow } from "../streams/flow.ts";
import { type GraphBuilder, GraphDSL } from "../streams/graph-dsl.ts";
import { flowStage } from "../streams/linear-stage.ts";
import { type LinkMessage, type LinkPort, PortLink } from "../streams/port-link.ts";
import type { FlowShape } from "../streams/shape.ts";
import { toWire } from "./wire-error.ts";

/**
 * Runs a flow for the link at the other end of a port, which it closes at the end.
 *
 * The link here is both ends of the flow, which so runs in a ring: what it fails with and where it cancels crosses.
 */
export function serveFlow(flow: Flow<unknown, unknown, unknown>, port: MessagePort, system: ActorSystem): void {
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
