import assert from "node:assert/strict";

/** What a participant's result comes down to. All participants of a workload must agree on it. */
export interface Checksum {
  /** Compared exactly. */
  readonly counts: Readonly<Record<string, number>>;
  /** Compared within 1e-12, relative: how a sum is added up is the participant's own. */
  readonly sums: Readonly<Record<string, number>>;
}

const relativeMax = 1e-12;

/** @throws {AssertionError} that names the first difference. */
export function assertSameChecksum(name: string, actual: Checksum, expected: Checksum): void {
  assert.deepEqual(actual.counts, expected.counts, `the counts of "${name}" must be those of the others`);
  assert.deepEqual(Object.keys(actual.sums), Object.keys(expected.sums));
  for (const [key, sum] of Object.entries(actual.sums)) {
    const wanted = expected.sums[key] ?? Number.NaN;
    const distance = Math.abs(sum - wanted) / Math.max(Math.abs(wanted), Number.MIN_VALUE);
    assert(sum === wanted || distance <= relativeMax, `"${key}" of "${name}" must be ${wanted}: it is ${sum}`);
  }
}

/** Adds numbers with an error term (Neumaier), so that the order of adding does not show in a checksum. */
export class ExactSum {
  #sum = 0;
  #error = 0;

  add(value: number): void {
    const next = this.#sum + value;
    this.#error += Math.abs(this.#sum) >= Math.abs(value) ? this.#sum - next + value : value - next + this.#sum;
    this.#sum = next;
  }

  get value(): number {
    return this.#sum + this.#error;
  }
}
