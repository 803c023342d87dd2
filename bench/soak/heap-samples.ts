import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Bytes in use behind a forced collection of garbage. */
export function heapAfterCollection(): number {
  // Works without a flag of the process, so that the soak also runs in a test.
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/**
 * Whether memory is flat: the median of the last third of the samples is not above that of the third before it by more than
 * `growthMax` bytes and a tenth. The first third is left out, as caches fill and code is compiled then. Medians, as one sample may
 * fall on a moment of much work.
 */
export function growthOf(
  samples: readonly number[],
  growthMax: number,
): { readonly bytes: number; readonly flat: boolean } {
  const third = Math.floor(samples.length / 3);
  const before = median(samples.slice(third, 2 * third));
  const bytes = median(samples.slice(-third)) - before;
  return { bytes, flat: third > 0 && bytes <= growthMax + before / 10 };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
