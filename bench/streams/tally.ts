import { type Checksum, ExactSum } from "../checksum.ts";

/** What came out of a workload, counted. */
export class StreamTally {
  /** What went in. */
  readonly rows: number;
  readonly #sum = new ExactSum();
  #count = 0;

  constructor(rows: number) {
    this.rows = rows;
  }

  add(value: number): void {
    this.#count += 1;
    this.#sum.add(value);
  }

  get checksum(): Checksum {
    return { counts: { rows: this.rows, out: this.#count }, sums: { value: this.#sum.value } };
  }
}
