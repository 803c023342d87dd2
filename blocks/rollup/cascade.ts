import { floatStateWidth, mergeFloats, seedFloatState } from "../derivators/float-state.ts";
import { layoutOf } from "../model/data-type.ts";
import type { Period } from "../model/period.ts";
import type { Series, SeriesTable } from "../model/series.ts";
import type { SeriesRange, StateRows, Store } from "../model/store.ts";
import { type DerivatorFailures, failHere, type OnFailure } from "./derivator-failures.ts";
import type { DerivatorSet, DerivatorSets, DerivatorStates } from "./derivator-set.ts";
import { settleStates } from "./settle-states.ts";
import { StateTable } from "./state-table.ts";

/** Newest observation of series, as far as it is known. */
type NewestBefore = Pick<ReadonlyMap<number, number>, "get">;

/**
 * Computes the buckets of one period from those of the next finer one.
 *
 * A bucket's state is the merge of its finer buckets in ascending order. Of each series the merge of all finer buckets but the
 * last (`before`) is remembered, and the last one itself, so that a bucket that only grew at its end costs one merge. Anywhere
 * else the finer states are read back from the store and merged from the start. Both ways give the same bits.
 *
 * Memory: one hot bucket per series, forgotten as a whole beyond `hotSeriesMax` series.
 */
export class Cascade {
  readonly period: Period;
  readonly #finer: Period;
  readonly #table: SeriesTable;
  readonly #store: Store;
  readonly #sets: DerivatorSets;
  readonly #hotSeriesMax: number;
  readonly #failures: DerivatorFailures | undefined;
  readonly #hot = new Map<number, HotBucket>();

  constructor(given: {
    period: Period;
    finer: Period;
    table: SeriesTable;
    store: Store;
    sets: DerivatorSets;
    hotSeriesMax: number;
    /** Takes what derivators fail at; absent: the computation fails with them. */
    failures?: DerivatorFailures;
  }) {
    this.period = given.period;
    this.#finer = given.finer;
    this.#table = given.table;
    this.#store = given.store;
    this.#sets = given.sets;
    this.#hotSeriesMax = given.hotSeriesMax;
    this.#failures = given.failures;
  }

  /**
   * @param finer States of the finer buckets that changed, in order of series and start. They need not be stored yet.
   * @param newestBefore Newest observation of each series that was stored before those that changed the buckets. No finer bucket
   *   is stored that starts behind it, so what lies behind it needs no reading; where it is not given everything is read.
   * @returns states of this period's buckets that hold them, in the same order.
   * @throws {EngineError} of the store.
   */
  async compute(finer: StateTable, newestBefore: NewestBefore): Promise<StateTable> {
    if (this.#hot.size > this.#hotSeriesMax) this.#hot.clear();
    const stored = await this.#readBack(finer, newestBefore);
    const coarse = new StateTable(Math.max(16, finer.length >>> 2));
    for (let row = 0; row < finer.length; ) {
      const to = this.#endOfBucket(finer, row);
      this.#bucket(finer, row, to, stored.get(row), coarse);
      row = to;
    }
    await settleStates(coarse, this.#table, this.#sets, undefined, (series, start) => this.#failed(series, start));
    return coarse;
  }

  #failed(series: Series, start: number): OnFailure {
    return this.#failures?.at(() => ({ series, period: this.period.label, start })) ?? failHere;
  }

  /** Finer states that are needed besides those at hand, by the first row of their bucket. */
  async #readBack(finer: StateTable, newestBefore: NewestBefore): Promise<Map<number, StateRows>> {
    for (let row = 0; row < finer.length; row = finer.endOfSeries(row)) {
      const series = finer.series[row] as number;
      if (this.#hot.has(series)) continue;
      const set = this.#sets.of(this.#table.at(series).type);
      this.#hot.set(series, new HotBucket(newestBefore.get(series) ?? Number.POSITIVE_INFINITY, set));
    }
    const ranges: SeriesRange[] = [];
    const rows: number[] = [];
    for (let row = 0; row < finer.length; row = this.#endOfBucket(finer, row)) {
      const series = finer.series[row] as number;
      const start = this.period.start(finer.start[row] as number);
      const hot = this.#hot.get(series) as HotBucket;
      const goesOn = hot.start === start && (finer.start[row] as number) >= hot.lastStart;
      if (goesOn || start > hot.newestFiner) continue;
      rows.push(row);
      ranges.push({ series: this.#table.at(series), from: start, to: this.period.next(start) });
    }
    const stored = ranges.length === 0 ? [] : await this.#store.readStates(this.#finer.key, ranges);
    return new Map(rows.map((row, place) => [row, stored[place] as StateRows]));
  }

  #endOfBucket(finer: StateTable, from: number): number {
    const series = finer.series[from];
    const next = this.period.next(this.period.start(finer.start[from] as number));
    let row = from + 1;
    while (row < finer.length && finer.series[row] === series && (finer.start[row] as number) < next) row += 1;
    return row;
  }

  #bucket(finer: StateTable, from: number, to: number, stored: StateRows | undefined, coarse: StateTable): void {
    const index = finer.series[from] as number;
    const series = this.#table.at(index);
    const set = this.#sets.of(series.type);
    const start = this.period.start(finer.start[from] as number);
    const known = this.#hot.get(index) as HotBucket;
    const goesOn = stored === undefined && known.start === start;
    const isNewest = stored === undefined || this.period.next(start) > known.newestFiner;
    const hot = goesOn ? known : isNewest ? known.startAgain(start) : new HotBucket(Number.NEGATIVE_INFINITY, set);
    const failed = this.#failed(series, start);
    if (stored === undefined) {
      for (let row = from; row < to; row += 1)
        hot.take(finer.start[row] as number, finer.floats, row, finer.others[row], failed);
    } else takeMerged(hot, finer, from, to, stored, set, failed);
    const row = coarse.append(index, start, undefined);
    if (layoutOf(series.type) === "float") hot.resultFloats(coarse.floats, row * floatStateWidth);
    if (!set.empty) coarse.others[row] = hot.resultOthers(failed);
  }
}

/** Takes stored finer states and those at hand, which replace them, in ascending order. */
function takeMerged(
  hot: HotBucket,
  finer: StateTable,
  from: number,
  to: number,
  stored: StateRows,
  set: DerivatorSet,
  failed: OnFailure,
): void {
  const noFloats = new Float64Array(floatStateWidth);
  let row = from;
  for (let old = 0; old < stored.start.length || row < to; ) {
    const oldStart = old < stored.start.length ? (stored.start[old] as number) : Number.POSITIVE_INFINITY;
    const newStart = row < to ? (finer.start[row] as number) : Number.POSITIVE_INFINITY;
    if (newStart <= oldStart) {
      hot.take(newStart, finer.floats, row, finer.others[row], failed);
      row += 1;
      if (newStart === oldStart) old += 1;
    } else {
      const others = set.empty ? undefined : set.decode(stored.bytes?.[old] ?? new Uint8Array(0), failed);
      hot.take(oldStart, stored.floats ?? noFloats, stored.floats === undefined ? 0 : old, others, failed);
      old += 1;
    }
  }
}

/** The open bucket of one series: the merge of all finer buckets but the last, and the last. */
class HotBucket {
  start = Number.NaN;
  /** Start of the last finer bucket taken. */
  lastStart = Number.NEGATIVE_INFINITY;
  /** No finer bucket is stored that starts behind this. */
  newestFiner: number;
  readonly #set: DerivatorSet;
  readonly #before = new Float64Array(floatStateWidth);
  readonly #last = new Float64Array(floatStateWidth);
  #othersBefore: DerivatorStates;
  #othersLast: DerivatorStates;

  constructor(newestFiner: number, set: DerivatorSet) {
    this.newestFiner = newestFiner;
    this.#set = set;
    this.#othersBefore = set.seed();
    this.#othersLast = set.seed();
  }

  startAgain(start: number): this {
    this.start = start;
    this.lastStart = Number.NEGATIVE_INFINITY;
    seedFloatState(this.#before, 0);
    seedFloatState(this.#last, 0);
    this.#othersBefore = this.#set.seed();
    this.#othersLast = this.#set.seed();
    return this;
  }

  /** A finer bucket, not before the last one taken; the same one again replaces it. `row` counts states in `floats`. */
  take(start: number, floats: Float64Array, row: number, others: DerivatorStates | undefined, failed: OnFailure): void {
    if (start > this.lastStart) {
      mergeFloats(this.#before, 0, this.#last, 0);
      if (!this.#set.empty) this.#set.merge(this.#othersBefore, this.#othersLast, failed);
    }
    const from = row * floatStateWidth;
    for (let offset = 0; offset < floatStateWidth; offset += 1) this.#last[offset] = floats[from + offset] as number;
    if (others !== undefined) this.#othersLast = others;
    this.lastStart = start;
    if (start > this.newestFiner) this.newestFiner = start;
  }

  resultFloats(into: Float64Array, at: number): void {
    into.set(this.#before, at);
    mergeFloats(into, at, this.#last, 0);
  }

  resultOthers(failed: OnFailure): DerivatorStates {
    const merged = this.#set.copy(this.#othersBefore, failed);
    this.#set.merge(merged, this.#othersLast, failed);
    return merged;
  }
}
