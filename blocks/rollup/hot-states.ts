import { floatStateWidth } from "../derivators/float-state.ts";
import type { DerivatorStates } from "./derivator-set.ts";
import type { StateTable } from "./state-table.ts";

const unknown = Number.NaN;

/**
 * What is remembered of each series between two recordings: its newest timestamp and the state of the bucket that holds it.
 * Typed columns by the dense index of the series.
 *
 * Bounded: beyond `seriesMax` remembered series everything is forgotten, and asked from the store again on need.
 */
export class HotStates {
  #newest = new Float64Array(0);
  #bucket = new Float64Array(0);
  #floats = new Float64Array(0);
  #others: (DerivatorStates | undefined)[] = [];
  #known = 0;
  readonly #seriesMax: number;

  constructor(seriesMax: number) {
    this.#seriesMax = seriesMax;
  }

  knowsNewest(series: number): boolean {
    return series < this.#newest.length && !Number.isNaN(this.#newest[series]);
  }

  /** Newest timestamp, ms; -Infinity where the series has none. Only for a known series. */
  newest(series: number): number {
    return this.#newest[series] as number;
  }

  learnNewest(series: number, newest: number): void {
    if (series >= this.#newest.length) this.#grow(series + 1);
    this.#newest[series] = newest;
    this.#known += 1;
  }

  sawUntil(series: number, time: number): void {
    if (time > (this.#newest[series] as number)) this.#newest[series] = time;
  }

  /** Start of the hot bucket; NaN where there is none. */
  bucket(series: number): number {
    return series < this.#bucket.length ? (this.#bucket[series] as number) : unknown;
  }

  copyFloats(series: number, into: Float64Array, at: number): void {
    const from = series * floatStateWidth;
    for (let offset = 0; offset < floatStateWidth; offset += 1)
      into[at + offset] = this.#floats[from + offset] as number;
  }

  others(series: number): DerivatorStates | undefined {
    return this.#others[series];
  }

  /** Makes row `row` of `states` the hot bucket. Only for a known series. */
  keep(series: number, bucket: number, states: StateTable, row: number): void {
    this.#bucket[series] = bucket;
    const from = row * floatStateWidth;
    const to = series * floatStateWidth;
    for (let offset = 0; offset < floatStateWidth; offset += 1) {
      this.#floats[to + offset] = states.floats[from + offset] as number;
    }
    const others = states.others[row];
    if (others !== undefined) this.#others[series] = others;
  }

  /** Forgets everything when too much is remembered. @returns whether it did. */
  evict(): boolean {
    if (this.#known <= this.#seriesMax) return false;
    this.#newest.fill(unknown);
    this.#bucket.fill(unknown);
    this.#others.length = 0;
    this.#known = 0;
    return true;
  }

  #grow(needed: number): void {
    const capacity = Math.max(needed, 2 * this.#newest.length, 64);
    const newest = new Float64Array(capacity).fill(unknown);
    newest.set(this.#newest);
    const bucket = new Float64Array(capacity).fill(unknown);
    bucket.set(this.#bucket);
    const floats = new Float64Array(capacity * floatStateWidth);
    floats.set(this.#floats);
    this.#newest = newest;
    this.#bucket = bucket;
    this.#floats = floats;
  }
}
