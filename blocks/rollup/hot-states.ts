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

  /** The same of many. */
  copyNewest(series: Uint32Array, into: Float64Array): void {
    for (let place = 0; place < series.length; place += 1) into[place] = this.newest(series[place] as number);
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

  /** Copies the float state of a known series to row `row` of states. */
  copyFloats(series: number, floats: Float64Array, row: number): void {
    copyStates(this.#floats, this.#slotOf(series), floats, row, 1);
  }

  /** Copies the float states of known series, those at places `from` to `to`, to their places in `floats`. */
  copyAllFloats(series: Uint32Array, from: number, to: number, floats: Float64Array): void {
    for (let place = from; place < to; ) {
      const slot = this.#slotOf(series[place] as number);
      const count = this.#slotsInARow(series, place, to);
      copyStates(this.#floats, slot, floats, place, count);
      place += count;
    }
  }

  others(series: number): DerivatorStates | undefined {
    return this.#others[this.#slotOf(series)];
  }

  /** Makes row `row` of `states` the hot bucket. Only for a known series. */
  keep(series: number, bucket: number, states: StateTable, row: number): void {
    const slot = this.#slotOf(series);
    this.#bucket[slot] = bucket;
    copyStates(states.floats, row, this.#floats, slot, 1);
    const others = states.others[row];
    if (others !== undefined) this.#others[slot] = others;
  }

  /**
   * Makes the buckets of known series, those at places `from` to `to`, their hot ones, except where a series has points behind it.
   *
   * @param starts Of the buckets. @param floats Their states.
   */
  keepAllFloats(
    series: Uint32Array,
    from: number,
    to: number,
    bucketMs: number,
    starts: Float64Array,
    floats: Float64Array,
  ): void {
    const newest = this.#newest;
    for (let place = from; place < to; ) {
      const first = place;
      const slot = this.#slotOf(series[first] as number);
      const end = first + this.#slotsInARow(series, first, to);
      for (; place < end; place += 1) {
        if ((starts[place] as number) + bucketMs <= (newest[slot + place - first] as number)) break;
        this.#bucket[slot + place - first] = starts[place] as number;
      }
      copyStates(floats, first, this.#floats, slot, place - first);
      for (; place < end; place += 1) {
        if ((starts[place] as number) + bucketMs > (newest[slot + place - first] as number)) break;
      }
    }
  }

  /** Forgets everything when too much is remembered. @returns whether it did. */
  evict(): boolean {
    if (this.#used - 1 <= this.#seriesMax) return false;
    this.#slots.fill(0);
    this.#others.length = 0;
    this.#used = 1;
    return true;
  }

  /** Series from place `from` on, at least one and at most `copiedAtOnce`, whose slots follow each other. */
  #slotsInARow(series: Uint32Array, from: number, to: number): number {
    const slot = this.#slotOf(series[from] as number);
    const most = Math.min(copiedAtOnce, to - from);
    let count = 1;
    while (count < most && this.#slotOf(series[from + count] as number) === slot + count) count += 1;
    return count;
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

/** So that what is looked at again, behind a series that lets its bucket go, is little. */
const copiedAtOnce = 64;

/** Copies `count` states from state `from` of one to state `to` of the other. */
function copyStates(source: Float64Array, from: number, target: Float64Array, to: number, count: number): void {
  const [first, at, length] = [from * floatStateWidth, to * floatStateWidth, count * floatStateWidth];
  // A view takes longer to make than so few numbers to copy.
  if (length > 48) target.set(source.subarray(first, first + length), at);
  else for (let offset = 0; offset < length; offset += 1) target[at + offset] = source[first + offset] as number;
}
