/** Values by time, ascending. A later time is appended; an earlier one moves those behind it. */
export class SortedRows<V> {
  readonly #time: number[] = [];
  readonly #values: V[] = [];

  get size(): number {
    return this.#time.length;
  }

  /** The latest time, `undefined` where there is none. */
  get newest(): number | undefined {
    return this.#time.at(-1);
  }

  set(time: number, value: V): void {
    const at = this.#lowerBound(time);
    const replaced = this.#time[at] === time ? 1 : 0;
    this.#time.splice(at, replaced, time);
    this.#values.splice(at, replaced, value);
  }

  /** Those in `[from, to)`. */
  read(from: number, to: number): { time: number[]; values: V[] } {
    const low = this.#lowerBound(from);
    const high = this.#lowerBound(to);
    return { time: this.#time.slice(low, high), values: this.#values.slice(low, high) };
  }

  #lowerBound(time: number): number {
    const newest = this.newest;
    if (newest === undefined || newest < time) return this.#time.length;
    let low = 0;
    let high = this.#time.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#time[middle] ?? 0) < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
