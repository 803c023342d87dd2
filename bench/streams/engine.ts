import { ActorSystem } from "../../runtime/actors/actor-system.ts";
import { systemClock } from "../../runtime/clock/system-clock.ts";
import { silentLog } from "../../runtime/log.ts";
import type { RunnableGraph } from "../../runtime/streams/runnable-graph.ts";
import { Sink } from "../../runtime/streams/sink.ts";
import { Source } from "../../runtime/streams/source.ts";
import { otherElements, otherGraphs } from "./other-graphs.ts";

/** An actor system in which the other graphs have run. */
export async function warmEngine(): Promise<ActorSystem> {
  const system = new ActorSystem({ clock: systemClock, log: silentLog });
  for (const { make, keeps, change } of otherGraphs) {
    const elements = Array.from({ length: otherElements }, (_, at) => make(at));
    await Source.from(elements).filter(keeps).map(change).grouped(100).runWith(Sink.ignore(), system);
  }
  return system;
}

/** Runs a graph to its end. */
export async function finished<T>(graph: RunnableGraph<Promise<T>>, system: ActorSystem): Promise<T> {
  const running = graph.runWatched(system);
  const result = await running.materialized;
  await running.done;
  return result;
}
