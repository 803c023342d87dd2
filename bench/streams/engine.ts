import { ActorSystem } from "../../runtime/actors/actor-system.ts";
import { systemClock } from "../../runtime/clock/system-clock.ts";
import { silentLog } from "../../runtime/log.ts";
import type { RunOptions } from "../../runtime/streams/materializer.ts";
import type { RunnableGraph } from "../../runtime/streams/runnable-graph.ts";
import { Sink } from "../../runtime/streams/sink.ts";
import { Source } from "../../runtime/streams/source.ts";
import type { Decider } from "../../runtime/streams/supervised-stage.ts";
import { otherInputs } from "./other-graphs.ts";

/** An actor system in which the other graphs have run. */
export async function warmEngine(): Promise<ActorSystem> {
  const system = new ActorSystem({ clock: systemClock, log: silentLog });
  for (const { graph, elements } of otherInputs()) {
    const { keeps, change } = graph;
    await Source.from(elements).filter(keeps).map(change).grouped(100).runWith(Sink.ignore(), system);
  }
  return system;
}

/** Runs a graph to its end. */
export async function finished<T>(
  graph: RunnableGraph<Promise<T>>,
  system: ActorSystem,
  options: RunOptions = {},
): Promise<T> {
  const running = graph.runWatched(system, options);
  const result = await running.materialized;
  await running.done;
  return result;
}

/** What every stage of the subject is supervised by: an element whose function throws is dropped. None does. */
export const dropping: Decider = () => "resume";
