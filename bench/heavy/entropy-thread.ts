// Runs in a thread: computes when told to, with nothing of the engine but the derivator.
import { parentPort, workerData } from "node:worker_threads";
import type { Points } from "../../blocks/model/columns.ts";
import { ExactSum } from "../checksum.ts";
import { sampleEntropy } from "./sample-entropy.ts";

/** What a thread found. */
export interface Entropies {
  readonly buckets: number;
  /** Their sum. */
  readonly entropy: number;
}

parentPort?.once("message", () => parentPort?.postMessage(entropiesOf(workerData as Points[])));

function entropiesOf(buckets: readonly Points[]): Entropies {
  const sum = new ExactSum();
  for (const points of buckets) {
    const state = sampleEntropy.add(sampleEntropy.seed(), points, 0, points.time.length);
    // Encoded and read back, as whoever keeps a state must.
    const kept = sampleEntropy.decode(sampleEntropy.encode(state));
    sum.add((sampleEntropy.result(kept, { start: 0, end: 0 }) as number | undefined) ?? 0);
  }
  return { buckets: buckets.length, entropy: sum.value };
}
