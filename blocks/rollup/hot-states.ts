import { floatStateWidth } from "../derivators/float-state.ts";
import { grown } from "./grown.ts";
import type { DerivatorStates } from "./derivator-set.ts";
import type { StateTable } from "./state-table.ts";

const unknown = Number.NaN;

/**
 * What is remembered of each series between two recordings: its newest timestamp and the state of the bucket that holds it.
 * Typed columns, in which a remembered series has a slot.
 *
 * Bounded: beyond `seriesMax` remembered series everything is forgotten, and asked from the store again on need.
 */
export class HotStates {
  /** Slot by index of the series; 0 where it is not remembered. */
  #slots = new Uint32Array(0);
  /** Slots that are taken; slot 0 is nobody's. */
  #used = 1;
  #newest = new Float64Array(0);
  #bucket = new Float64Array(0);
  #floats = new Float64Array(0);
  readonly #others: (DerivatorStates | undefined)[] = [];
  readonly #seriesMax: number;

  constructor(seriesMax: number) {
    this.#seriesMax = seriesMax;
  }

  knowsNewest(series: number): boolean {
    return this.#slotOf(series) !== 0;
  }

  /** Newest timestamp, ms; -Infinity where the series has none. Only for a known series. */
  newest(series: number): number {
    return this.#newest[this.#slotOf(series)] as number;
  }

  learnNewest(series: number, newest: number): void {
    if (series >= this.#slots.length)
      this.#slots = grown(this.#slots, Math.max(series + 1, 2 * this.#slots.length, 64));
    const slot = this.#used;
    this.#used += 1;
    if (slot >= this.#newest.length) this.#grow();
    this.#slots[series] = slot;
    this.#newest[slot] = newest;
    this.#bucket[slot] = unknown;
  }

  /** Only for a known series. */
  sawUntil(series: number, time: number): void {
    const slot = this.#slotOf(series);
    if (time > (this.#newest[slot] as number)) this.#newest[slot] = time;
  }

  /** Start of the hot bucket; NaN where there is none. */
  bucket(series: number): number {
    const slot = this.#slotOf(series);
    return slot === 0 ? unknown : (this.#bucket[slot] as number);
  }

  copyFloats(series: number, into: Float64Array, at: number): void {
    const from = this.#slotOf(series) * floatStateWidth;
    for (let offset = 0; offset < floatStateWidth; offset += 1)
      into[at + offset] = this.#floats[from + offset] as number;
  }

  others(series: number): DerivatorStates | undefined {
    return this.#others[this.#slotOf(series)];
  }

  /** Makes row `row` of `states` the hot bucket. Only for a known series. */
  keep(series: number, bucket: number, states: StateTable, row: number): void {
    const slot = this.#slotOf(series);
    this.#bucket[slot] = bucket;
    const from = row * floatStateWidth;
    const to = slot * floatStateWidth;
    for (let offset = 0; offset < floatStateWidth; offset += 1) {
      this.#floats[to + offset] = states.floats[from + offset] as number;
    }
    const others = states.others[row];
    if (others !== undefined) this.#others[slot] = others;
  }

  /** Forgets everything when too much is remembered. @returns whether it did. */
  evict(): boolean {
    if (this.#used - 1 <= this.#seriesMax) return false;
    this.#slots.fill(0);
    this.#others.length = 0;
    this.#used = 1;
    return true;
  }

  #slotOf(series: number): number {
    return this.#slots[series] ?? 0;
  }

  #grow(): void {
    const slots = Math.max(64, 2 * this.#newest.length);
    this.#newest = grown(this.#newest, slots);
    this.#newest[0] = unknown;
    this.#bucket = grown(this.#bucket, slots);
    this.#floats = grown(this.#floats, slots * floatStateWidth);
  }
}
