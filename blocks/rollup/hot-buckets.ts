import { floatStateWidth, mergeFloats, seedFloatState } from "../derivators/float-state.ts";
import { grown } from "./grown.ts";
import type { OnFailure } from "./derivator-failures.ts";
import type { DerivatorSet, DerivatorStates } from "./derivator-set.ts";

/**
 * The open bucket of each series: the merge of all finer buckets but the last, and the last. A series has a slot in columns, as an
 * object for each takes several times as much; slot 0 is nobody's, for a bucket that is not kept.
 */
export class HotBuckets {
  /** Slot by index of the series; 0 where it has none. */
  #slots = new Uint32Array(1024);
  #used = 1;
  /** By slot. Start of the bucket, NaN where none was begun. */
  #start = new Float64Array(64);
  /** Start of the last finer bucket taken. */
  #lastStart = new Float64Array(64);
  /** No finer bucket is stored that starts behind this. */
  #newestFiner = new Float64Array(64);
  #before = new Float64Array(64 * floatStateWidth);
  #last = new Float64Array(64 * floatStateWidth);
  readonly #othersBefore: DerivatorStates[] = [];
  readonly #othersLast: DerivatorStates[] = [];

  /** Series that have one. */
  get size(): number {
    return this.#used - 1;
  }

  /** 0 where the series has none. */
  slotOf(series: number): number {
    return this.#slots[series] ?? 0;
  }

  /** A slot for a series that has none. */
  add(series: number, newestFiner: number): number {
    if (series >= this.#slots.length) this.#slots = grown(this.#slots, Math.max(series + 1, 2 * this.#slots.length));
    const slot = this.#used;
    this.#used += 1;
    if (slot === this.#start.length) this.#grow();
    this.#slots[series] = slot;
    this.#start[slot] = Number.NaN;
    this.#lastStart[slot] = Number.NEGATIVE_INFINITY;
    this.#newestFiner[slot] = newestFiner;
    return slot;
  }

  clear(): void {
    this.#slots.fill(0);
    this.#used = 1;
    this.#othersBefore.length = 0;
    this.#othersLast.length = 0;
  }

  start(slot: number): number {
    return this.#start[slot] as number;
  }

  lastStart(slot: number): number {
    return this.#lastStart[slot] as number;
  }

  newestFiner(slot: number): number {
    return this.#newestFiner[slot] as number;
  }

  begin(slot: number, start: number, set: DerivatorSet): void {
    this.#start[slot] = start;
    this.#lastStart[slot] = Number.NEGATIVE_INFINITY;
    seedFloatState(this.#before, slot * floatStateWidth);
    seedFloatState(this.#last, slot * floatStateWidth);
    if (set.empty) return;
    this.#othersBefore[slot] = set.seed();
    this.#othersLast[slot] = set.seed();
  }

  /** A finer bucket, not before the last one taken; the same one again replaces it. `row` counts states in `floats`. */
  take(
    slot: number,
    start: number,
    floats: Float64Array,
    row: number,
    others: DerivatorStates | undefined,
    set: DerivatorSet,
    failed: OnFailure,
  ): void {
    const at = slot * floatStateWidth;
    if (start > (this.#lastStart[slot] as number)) {
      mergeFloats(this.#before, at, this.#last, at);
      if (!set.empty)
        set.merge(this.#othersBefore[slot] as DerivatorStates, this.#othersLast[slot] as DerivatorStates, failed);
    }
    const from = row * floatStateWidth;
    for (let offset = 0; offset < floatStateWidth; offset += 1)
      this.#last[at + offset] = floats[from + offset] as number;
    if (others !== undefined) this.#othersLast[slot] = others;
    this.#lastStart[slot] = start;
    if (start > (this.#newestFiner[slot] as number)) this.#newestFiner[slot] = start;
  }

  resultFloats(slot: number, into: Float64Array, at: number): void {
    const from = slot * floatStateWidth;
    for (let offset = 0; offset < floatStateWidth; offset += 1)
      into[at + offset] = this.#before[from + offset] as number;
    mergeFloats(into, at, this.#last, from);
  }

  resultOthers(slot: number, set: DerivatorSet, failed: OnFailure): DerivatorStates {
    const merged = set.copy(this.#othersBefore[slot] as DerivatorStates, failed);
    set.merge(merged, this.#othersLast[slot] as DerivatorStates, failed);
    return merged;
  }

  #grow(): void {
    const slots = 2 * this.#start.length;
    this.#start = grown(this.#start, slots);
    this.#lastStart = grown(this.#lastStart, slots);
    this.#newestFiner = grown(this.#newestFiner, slots);
    this.#before = grown(this.#before, slots * floatStateWidth);
    this.#last = grown(this.#last, slots * floatStateWidth);
  }
}
