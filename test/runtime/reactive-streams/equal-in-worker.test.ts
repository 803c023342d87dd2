import { MessageChannel, type MessagePort } from "node:worker_threads";
import { expect, test } from "vitest";
import { ActorSystem } from "../../../runtime/actors/actor-system.ts";
import { type VirtualClock, virtualClock } from "../../../runtime/clock/virtual-clock.ts";
import { Flow } from "../../../runtime/streams/flow.ts";
import { flowStage } from "../../../runtime/streams/linear-stage.ts";
import { type LinkPort, PortLink } from "../../../runtime/streams/port-link.ts";
import { assertAllStopped } from "../../../runtime/streams/probes/assert-all-stopped.ts";
import type { FlowShape } from "../../../runtime/streams/shape.ts";
import { Sink } from "../../../runtime/streams/sink.ts";
import { Source } from "../../../runtime/streams/source.ts";
import { serveFlow } from "../../../runtime/workers/serve-flow.ts";
import { flows } from "./registered-flows.ts";
import { junctions } from "./registered-junctions.ts";
import { reordering, timely } from "./timely-operators.ts";

// A thread for each operator would take minutes. What differs there from one thread is the port: here each operator is served behind
// one, by all that a thread does but its start; test/runtime/streams/worker-boundary.test.ts has the threads.

const registered = { ...flows, ...junctions };
const numbers = Array.from({ length: 40 }, (_, index) => index + 1);

class NearEnd extends PortLink<number, unknown> {
  readonly #port: MessagePort;

  constructor(shape: FlowShape<number, unknown>, port: MessagePort) {
    super(shape);
    this.#port = port;
  }

  protected open(): LinkPort {
    return this.#port;
  }

  override postStop(): void {
    super.postStop();
    this.#port.close();
  }
}

interface Outcome {
  readonly elements: readonly unknown[];
  readonly end: string;
}

/** Turns the clock in small steps, each with time for ports, until the stream has ended; 10 s of it at most. */
async function outcomeOf(
  clock: VirtualClock,
  system: ActorSystem,
  flow: Flow<number, unknown, unknown>,
): Promise<Outcome> {
  const elements: unknown[] = [];
  const taking = Sink.foreach((element: unknown) => void elements.push(element));
  let end = "open";
  Source.from(numbers)
    .via(flow)
    .runWith(taking, system, { onFailure: () => {} })
    .then(
      () => {
        end = "completed";
      },
      (error: Error) => {
        end = error.message;
      },
    );
  for (let elapsedMs = 0; end === "open" && elapsedMs < 10_000; elapsedMs += 10) {
    await restWithPorts(clock);
    clock.advance(10);
  }
  await restWithPorts(clock);
  return { elements, end };
}

/** A message takes one round of I/O; what one brings may ask for several more. */
async function restWithPorts(clock: VirtualClock): Promise<void> {
  for (let round = 0; round < 30; round += 1) await clock.settle();
}

// The cycle never ends by itself, so there is no outcome to compare.
const endless = "GraphDSL.create (cycle)";
const equal = Object.entries(registered).filter(([name]) => !Object.hasOwn(timely, name) && name !== endless);

test.each(equal)(
  "%s gives the same behind the port of a worker, and leaves nothing on either side",
  async (name, make) => {
    const clock = virtualClock();
    const [near, far] = [new ActorSystem({ clock }), new ActorSystem({ clock })];
    const here = await outcomeOf(clock, near, make());
    const { port1, port2 } = new MessageChannel();
    serveFlow(make() as Flow<unknown, unknown, unknown>, port2, far);
    const link = flowStage<number, unknown>("inWorker", (shape) => new NearEnd(shape, port1));
    const there = await outcomeOf(clock, near, Flow.fromStage(link));
    expect(there.end).toBe(here.end);
    // A failure overtakes elements where it meets them at the boundary.
    const comparable = here.end === "completed" ? here.elements : here.elements.slice(0, there.elements.length);
    if (Object.hasOwn(reordering, name)) expect(sorted(there.elements)).toEqual(sorted(comparable));
    else expect(there.elements).toEqual(comparable);
    assertAllStopped(near);
    assertAllStopped(far);
  },
);

function sorted(elements: readonly unknown[]): string[] {
  return elements.map((element) => JSON.stringify(element)).sort();
}
