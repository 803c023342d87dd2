import { ActorSystem } from "../../../runtime/actors/actor-system.ts";
import { virtualClock } from "../../../runtime/clock/virtual-clock.ts";
import type { Graph } from "../../../runtime/streams/graph-stage.ts";
import { assertAllStopped } from "../../../runtime/streams/probes/assert-all-stopped.ts";
import type { SourceShape } from "../../../runtime/streams/shape.ts";
import { Sink } from "../../../runtime/streams/sink.ts";
import { Source } from "../../../runtime/streams/source.ts";

export const broken = new Error("broken on purpose");

export function start() {
  const clock = virtualClock();
  return { clock, system: new ActorSystem({ clock }) };
}

/** All that a finite source gives; nothing of it is left behind. */
export async function elementsOf<T>(source: Graph<SourceShape<T>, unknown>): Promise<T[]> {
  const { clock, system } = start();
  const result = Source.fromGraph(source).runWith(Sink.collect<T>(), system);
  await clock.settle();
  assertAllStopped(system);
  return result;
}
