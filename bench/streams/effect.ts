import { Effect, Stream } from "effect";
import { otherInputs } from "./other-graphs.ts";

/** Runs the other graphs in Effect. */
export async function warmEffect(): Promise<void> {
  for (const { graph, elements } of otherInputs()) {
    const kept = Stream.fromIterable(elements).pipe(Stream.filter(graph.keeps), Stream.map(graph.change));
    await Effect.runPromise(kept.pipe(Stream.grouped(100), Stream.runDrain));
  }
}
