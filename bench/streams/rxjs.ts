import { bufferCount, filter, from, lastValueFrom, map } from "rxjs";
import { otherElements, otherGraphs } from "./other-graphs.ts";

/** Runs the other graphs in RxJS. */
export async function warmRxjs(): Promise<void> {
  for (const { make, keeps, change } of otherGraphs) {
    const elements = Array.from({ length: otherElements }, (_, at) => make(at));
    await lastValueFrom(from(elements).pipe(filter(keeps), map(change), bufferCount(100)));
  }
}
