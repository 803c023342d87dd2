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
  const sums = new BucketSums();
  for (const bucket of buckets) sums.add(bucket);
  return sums.checksum;
}

/** The same of buckets that come bit by bit. */
export class BucketSums {
  readonly #sums = bucketSumNames.map(() => new ExactSum());
  #buckets = 0;
  #rows = 0;

  add(bucket: BucketValues): void {
    this.#buckets += 1;
    this.#rows += bucket.count;
    bucketSumNames.forEach((name, place) => {
      this.#sums[place]?.add(bucket[name]);
    });
  }

  get checksum(): Checksum {
    return {
      counts: { buckets: this.#buckets, rows: this.#rows },
      sums: Object.fromEntries(bucketSumNames.map((name, place) => [name, this.#sums[place]?.value ?? Number.NaN])),
    };
  }
}
