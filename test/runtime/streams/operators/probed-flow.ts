import { ActorSystem } from "../../../../runtime/actors/actor-system.ts";
import { virtualClock } from "../../../../runtime/clock/virtual-clock.ts";
import type { Graph } from "../../../../runtime/streams/graph-stage.ts";
import { Keep } from "../../../../runtime/streams/keep.ts";
import type { RunOptions } from "../../../../runtime/streams/materializer.ts";
import { assertAllStopped } from "../../../../runtime/streams/probes/assert-all-stopped.ts";
import { TestSink } from "../../../../runtime/streams/probes/test-sink.ts";
import { TestSource } from "../../../../runtime/streams/probes/test-source.ts";
import type { FlowShape, SourceShape } from "../../../../runtime/streams/shape.ts";
import { Sink } from "../../../../runtime/streams/sink.ts";
import { Source } from "../../../../runtime/streams/source.ts";

export const broken = new Error("broken on purpose");

/** A function that throws at one element, and gives what another gives at all others. */
export function breaksAt<T>(bad: number, change: (element: number) => T): (element: number) => T {
  return (element) => {
    if (element === bad) throw broken;
    return change(element);
  };
}

export function start() {
  const clock = virtualClock();
  return { clock, system: new ActorSystem({ clock }) };
}

/** A run of source probe, the flow, sink probe. */
export function probe<In, Out>(flow: Graph<FlowShape<In, Out>, unknown>) {
  const { clock, system } = start();
  const [upstream, downstream] = TestSource.probe<In>().via(flow).toMat(TestSink.probe<Out>(), Keep.both).run(system);
  clock.runSoon();
  return { clock, system, upstream, downstream, allStopped: () => assertAllStopped(system) };
}

/** All that a finite source gives. */
export async function elementsOf<T>(source: Graph<SourceShape<T>, unknown>, options: RunOptions = {}): Promise<T[]> {
  const { clock, system } = start();
  const result = Source.fromGraph(source).runWith(Sink.collect<T>(), system, options);
  await clock.settle();
  assertAllStopped(system);
  return result;
}
