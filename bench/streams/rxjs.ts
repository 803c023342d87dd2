import { bufferCount, filter, from, lastValueFrom, map } from "rxjs";
import { otherInputs } from "./other-graphs.ts";

/** Runs the other graphs in RxJS. */
export async function warmRxjs(): Promise<void> {
  for (const { graph, elements } of otherInputs()) {
    const { keeps, change } = graph;
    await lastValueFrom(from(elements).pipe(filter(keeps), map(change), bufferCount(100)));
  }
}
