import { ByteReader, ByteWriter } from "./byte-writer.ts";

/** The largest error of a quantile, as a share of it. */
export const sketchAccuracy = 0.01;
const growth = (1 + sketchAccuracy) / (1 - sketchAccuracy);
const logGrowth = Math.log(growth);
/** Bins of one sign: from the largest magnitude down to 10^-17 of it; what is smaller counts with the lowest bin. */
const binsMax = 2_048;

/** One bin of a sketch: values in `(lower, upper]`, or `[lower, upper)` below 0. */
export type Bin = readonly [lower: number, upper: number, count: number];

/**
 * DDSketch (Masson, Rim and Lee, VLDB 2019): counts of values in bins whose borders grow by 2 %, so that any quantile is known
 * within 1 % of its value. Its state is a function of the multiset of values alone, as the bins are whole counts, and the lowest
 * bin that is kept follows from the largest magnitude. At most 2,048 bins a sign, some 3 bytes each where they are stored.
 */
export class Sketch {
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;
  #zeros = 0;
  readonly #positive = new Bins();
  readonly #negative = new Bins();

  get count(): number {
    return this.#zeros + this.#positive.count + this.#negative.count;
  }

  add(given: number): void {
    // 0 and -0 are one value, whichever comes first.
    const value = given + 0;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
    if (value > 0) this.#positive.add(binOf(value), 1);
    else if (value < 0) this.#negative.add(binOf(-value), 1);
    else this.#zeros += 1;
  }

  merge(other: Sketch): void {
    this.#min = Math.min(this.#min, other.#min);
    this.#max = Math.max(this.#max, other.#max);
    this.#zeros += other.#zeros;
    this.#positive.merge(other.#positive);
    this.#negative.merge(other.#negative);
  }

  /** The value that a share `q` of the others is not above, within 1 %: of `n` in order, that of index ⌊q (n - 1)⌋. */
  quantile(q: number): number | undefined {
    let left = Math.floor(q * (this.count - 1));
    for (const [lower, upper, count] of this.#ascending()) {
      if (left < count) return Math.min(this.#max, Math.max(this.#min, middleOf(lower, upper)));
      left -= count;
    }
    return undefined;
  }

  /** Ascending, from the smallest value to the largest. */
  bins(): Bin[] {
    const bins = [...this.#ascending()];
    return bins.map(([lower, upper, count], index) => [
      index === 0 ? this.#min : lower,
      index === bins.length - 1 ? this.#max : upper,
      count,
    ]);
  }

  *#ascending(): IterableIterator<Bin> {
    for (const [bin, count] of this.#negative.ascending().reverse()) yield [-upperOf(bin), -upperOf(bin - 1), count];
    if (this.#zeros > 0) yield [0, 0, this.#zeros];
    for (const [bin, count] of this.#positive.ascending()) yield [upperOf(bin - 1), upperOf(bin), count];
  }

  encode(): Uint8Array {
    const into = new ByteWriter();
    into.double(this.#min);
    into.double(this.#max);
    into.whole(this.#zeros);
    this.#positive.encode(into);
    this.#negative.encode(into);
    return into.bytes();
  }

  static decode(bytes: Uint8Array): Sketch {
    const from = new ByteReader(bytes);
    const sketch = new Sketch();
    sketch.#min = from.double();
    sketch.#max = from.double();
    sketch.#zeros = from.whole();
    sketch.#positive.decode(from);
    sketch.#negative.decode(from);
    return sketch;
  }
}

/** Both borders are as far off, relative to it. */
function middleOf(lower: number, upper: number): number {
  const [near, far] = lower < 0 ? [upper, lower] : [lower, upper];
  return far === 0 ? 0 : (2 * near) / (1 + near / far);
}

const binOf = (magnitude: number) => Math.ceil(Math.log(magnitude) / logGrowth);
const upperOf = (bin: number) => Math.exp(bin * logGrowth);

/** Counts by bin, of one sign. */
class Bins {
  count = 0;
  readonly #counts = new Map<number, number>();
  #highest = Number.NEGATIVE_INFINITY;

  add(bin: number, count: number): void {
    if (bin > this.#highest) this.#raise(bin);
    const kept = Math.max(bin, this.#highest - binsMax + 1);
    this.#counts.set(kept, (this.#counts.get(kept) ?? 0) + count);
    this.count += count;
  }

  merge(other: Bins): void {
    for (const [bin, count] of other.#counts) this.add(bin, count);
  }

  ascending(): [number, number][] {
    return [...this.#counts].sort(([a], [b]) => a - b);
  }

  encode(into: ByteWriter): void {
    const bins = this.ascending();
    into.whole(bins.length);
    let before: number | undefined;
    for (const [bin, count] of bins) {
      if (before === undefined) into.signed(bin);
      else into.whole(bin - before);
      into.whole(count);
      before = bin;
    }
  }

  decode(from: ByteReader): void {
    let bin = 0;
    for (let left = from.whole(), first = true; left > 0; left -= 1, first = false) {
      bin = first ? from.signed() : bin + from.whole();
      this.add(bin, from.whole());
    }
  }

  /** Bins that are now too far below the highest count with the lowest that is kept. */
  #raise(highest: number): void {
    this.#highest = highest;
    const lowest = highest - binsMax + 1;
    let moved = 0;
    for (const [bin, count] of this.#counts) {
      if (bin >= lowest) continue;
      moved += count;
      this.#counts.delete(bin);
    }
    if (moved > 0) this.#counts.set(lowest, (this.#counts.get(lowest) ?? 0) + moved);
  }
}
