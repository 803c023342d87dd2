import { type Checksum, ExactSum } from "./checksum.ts";

/** The seven derivators of one bucket. */
export interface BucketValues {
  readonly count: number;
  readonly first: number;
  readonly last: number;
  readonly min: number;
  readonly max: number;
  readonly sum: number;
  readonly squares: number;
}

/** Order of the sums in every checksum of buckets. */
export const bucketSumNames = ["first", "last", "min", "max", "sum", "squares"] as const;

export function bucketChecksum(buckets: Iterable<BucketValues>): Checksum {
  const sums = bucketSumNames.map(() => new ExactSum());
  const counts = { buckets: 0, rows: 0 };
  for (const bucket of buckets) {
    counts.buckets += 1;
    counts.rows += bucket.count;
    bucketSumNames.forEach((name, place) => {
      sums[place]?.add(bucket[name]);
    });
  }
  return {
    counts,
    sums: Object.fromEntries(bucketSumNames.map((name, place) => [name, sums[place]?.value ?? Number.NaN])),
  };
}
