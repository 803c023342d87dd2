/** Bits of a hash that choose the register. */
const indexBits = 11;
const registers = 2 ** indexBits;
/** Bits behind them, whose leading zeros a register counts: hashes are whole numbers of 53 bits. */
const rankBits = 53 - indexBits;
const rankScale = 2 ** rankBits;
/** So many hashes take as many bytes as the registers do; up to there the count is exact. */
const sparseMax = registers / 8;

/**
 * A set of hashes of 53 bits, of which the size can be told: exactly up to 256, beyond that within 2.3 % (one standard error).
 * Its state is a function of the set alone, whatever the order of adding and merging: up to 256 hashes it is those, beyond that
 * the registers of HyperLogLog (Flajolet et al. 2007). At most 2 KiB.
 */
export class HyperLogLog {
  #hashes: Set<number> | undefined = new Set();
  #ranks: Uint8Array | undefined;

  /** @param hash A whole number from 0 to 2^53 - 1. */
  add(hash: number): void {
    if (this.#hashes === undefined) this.#note(hash);
    else {
      this.#hashes.add(hash);
      if (this.#hashes.size > sparseMax) this.#densify();
    }
  }

  merge(other: HyperLogLog): void {
    if (other.#hashes !== undefined) {
      for (const hash of other.#hashes) this.add(hash);
      return;
    }
    const mine = this.#ranks ?? this.#densify();
    other.#ranks?.forEach((rank, index) => {
      if (rank > (mine[index] as number)) mine[index] = rank;
    });
  }

  /** Ertl, "New cardinality estimation algorithms for HyperLogLog sketches" (2017), algorithm 6: no tables, no bias. */
  estimate(): number {
    if (this.#hashes !== undefined) return this.#hashes.size;
    const counts = new Array<number>(rankBits + 2).fill(0);
    for (const rank of this.#ranks ?? []) counts[rank] = (counts[rank] as number) + 1;
    let z = registers * tau(1 - (counts[rankBits + 1] as number) / registers);
    for (let rank = rankBits; rank >= 1; rank -= 1) z = 0.5 * (z + (counts[rank] as number));
    z += registers * sigma((counts[0] as number) / registers);
    return Math.round(registers / (2 * Math.LN2) / (z / registers));
  }

  /** Sorted hashes as doubles, or the registers: as long as only they are. */
  encode(): Uint8Array {
    if (this.#hashes === undefined) return (this.#ranks ?? new Uint8Array(registers)).slice();
    const bytes = new Uint8Array(1 + 8 * this.#hashes.size);
    const view = new DataView(bytes.buffer);
    [...this.#hashes]
      .sort((a, b) => a - b)
      .forEach((hash, index) => {
        view.setFloat64(1 + 8 * index, hash, true);
      });
    return bytes;
  }

  static decode(bytes: Uint8Array): HyperLogLog {
    const decoded = new HyperLogLog();
    if (bytes.length === registers) {
      decoded.#hashes = undefined;
      decoded.#ranks = bytes.slice();
      return decoded;
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 1; at < bytes.length; at += 8) decoded.#hashes?.add(view.getFloat64(at, true));
    return decoded;
  }

  #densify(): Uint8Array {
    const hashes = this.#hashes ?? [];
    const ranks = new Uint8Array(registers);
    this.#hashes = undefined;
    this.#ranks = ranks;
    for (const hash of hashes) this.#note(hash);
    return ranks;
  }

  #note(hash: number): void {
    const ranks = this.#ranks as Uint8Array;
    const index = Math.floor(hash / rankScale);
    const rest = hash - index * rankScale;
    const rank = rest === 0 ? rankBits + 1 : rankBits - Math.floor(Math.log2(rest));
    if (rank > (ranks[index] as number)) ranks[index] = rank;
  }
}

function sigma(share: number): number {
  if (share === 1) return Number.POSITIVE_INFINITY;
  let x = share;
  let y = 1;
  let z = x;
  for (let before = Number.NaN; z !== before; y += y) {
    x *= x;
    before = z;
    z += x * y;
  }
  return z;
}

function tau(share: number): number {
  if (share === 0 || share === 1) return 0;
  let x = share;
  let y = 1;
  let z = 1 - x;
  for (let before = Number.NaN; z !== before; ) {
    x = Math.sqrt(x);
    before = z;
    y *= 0.5;
    z -= (1 - x) ** 2 * y;
  }
  return z / 3;
}
