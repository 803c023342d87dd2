import type { Series } from "./series.ts";

/**
 * Series by the bytes in which messages name them, so that names that came before are neither decoded nor sorted again. It knows
 * up to `knownMax`; all are forgotten at once when there are more.
 *
 * The names are the first `length` bytes of a view, and at least four more bytes follow them.
 */
export class KnownNames {
  readonly #byHash = new Map<number, Known>();
  #last: Known | undefined;

  find(view: DataView, length: number): Series | undefined {
    const last = this.#last;
    let known = last?.next;
    if (known === undefined || !isSame(known, view, length)) {
      known = this.#byHash.get(hashOf(view, length));
      if (known === undefined || !isSame(known, view, length)) return undefined;
      if (last !== undefined) last.next = known;
    }
    this.#last = known;
    return known.series;
  }

  /** Of two names with one hash the later one is known. */
  note(view: DataView, length: number, series: Series): void {
    if (this.#byHash.size >= knownMax) {
      this.#byHash.clear();
      this.#last = undefined;
    }
    const words = Int32Array.from({ length: (length >> 2) + 1 }, (_, word) => view.getInt32(4 * word, true));
    words[length >> 2] = lastWord(view, length);
    this.#byHash.set(hashOf(view, length), { words, length, series, next: undefined });
  }
}

interface Known {
  /** The bytes of the names, with zeros behind. */
  readonly words: Int32Array;
  /** In bytes. */
  readonly length: number;
  readonly series: Series;
  /** What came after it the last time: senders have an order. */
  next: Known | undefined;
}

/** Some 20 MB at most with names of usual length. */
const knownMax = 65_536;

function isSame({ words, length: known }: Known, view: DataView, length: number): boolean {
  if (known !== length) return false;
  const whole = length >> 2;
  for (let word = 0; word < whole; word += 1) if (words[word] !== view.getInt32(4 * word, true)) return false;
  return words[whole] === lastWord(view, length);
}

/** A whole number of 30 bits, which needs no object of its own. */
function hashOf(view: DataView, length: number): number {
  let hash = length;
  for (let at = 0; at + 4 <= length; at += 4) hash = Math.imul(hash ^ view.getInt32(at, true), 0x9e3779b1);
  hash = Math.imul(hash ^ lastWord(view, length), 0x9e3779b1);
  return (hash ^ (hash >>> 15)) >>> 2;
}

/** The bytes behind the last four that are whole, and zeros. */
function lastWord(view: DataView, length: number): number {
  return view.getInt32(length & ~3, true) & ((1 << (8 * (length & 3))) - 1);
}
