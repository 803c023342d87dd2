import { floatStateWidth } from "../derivators/float-state.ts";
import { layoutOf } from "../model/data-type.ts";
import type { Period } from "../model/period.ts";
import type { Series, SeriesTable } from "../model/series.ts";
import type { SeriesRange, StateRows, Store } from "../model/store.ts";
import { type DerivatorFailures, failHere, type OnFailure } from "./derivator-failures.ts";
import type { DerivatorSet, DerivatorSets } from "./derivator-set.ts";
import { HotBuckets } from "./hot-buckets.ts";
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
 * Memory: one hot bucket per series, forgotten as a whole beyond `hotSeriesMax` series, and those of the rows at hand.
 */
export class Cascade {
  readonly period: Period;
  readonly #finer: Period;
  readonly #table: SeriesTable;
  readonly #store: Store;
  readonly #sets: DerivatorSets;
  readonly #hotSeriesMax: number;
  readonly #failures: DerivatorFailures | undefined;
  readonly #hot = new HotBuckets();

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
   * @param before Resolves when the finer states that were computed before are stored, or their write has failed.
   * @returns states of this period's buckets that hold them, in the same order.
   * @throws {EngineError} of the store.
   */
  async compute(
    finer: StateTable,
    newestBefore: NewestBefore,
    before: Promise<unknown> = Promise.resolve(),
  ): Promise<StateTable> {
    const coarse = new StateTable(Math.max(16, finer.length >>> 2));
    for (let from = 0; from < finer.length; ) {
      if (this.#hot.size > this.#hotSeriesMax) this.#hot.clear();
      let to = from;
      while (to < finer.length && to - from < sliceRows) to = finer.endOfSeries(to);
      const stored = await this.#readBack(finer, from, to, newestBefore, before);
      for (let row = from; row < to; ) {
        const end = this.#endOfBucket(finer, row);
        this.#bucket(finer, row, end, stored.get(row), coarse);
        row = end;
      }
      from = to;
    }
    await settleStates(coarse, this.#table, this.#sets, undefined, (series, start) => this.#failed(series, start));
    return coarse;
  }

  #failed(series: Series, start: number): OnFailure {
    return this.#failures?.at(() => ({ series, period: this.period.label, start })) ?? failHere;
  }

  /** Finer states that rows `from` to `to` need besides them, by the first row of their bucket. */
  async #readBack(
    finer: StateTable,
    from: number,
    to: number,
    newestBefore: NewestBefore,
    before: Promise<unknown>,
  ): Promise<Map<number, StateRows>> {
    for (let row = from; row < to; row = finer.endOfSeries(row)) {
      const series = finer.series[row] as number;
      if (this.#hot.slotOf(series) === 0) this.#hot.add(series, newestBefore.get(series) ?? Number.POSITIVE_INFINITY);
    }
    const ranges: SeriesRange[] = [];
    const rows: number[] = [];
    for (let row = from; row < to; row = this.#endOfBucket(finer, row)) {
      const series = finer.series[row] as number;
      const start = this.period.start(finer.start[row] as number);
      const hot = this.#hot;
      const slot = hot.slotOf(series);
      const goesOn = hot.start(slot) === start && (finer.start[row] as number) >= hot.lastStart(slot);
      if (goesOn || start > hot.newestFiner(slot)) continue;
      rows.push(row);
      ranges.push({ series: this.#table.at(series), from: start, to: this.period.next(start) });
    }
    if (ranges.length > 0) await before;
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
    const hot = this.#hot;
    const known = hot.slotOf(index);
    const goesOn = stored === undefined && hot.start(known) === start;
    const isNewest = stored === undefined || this.period.next(start) > hot.newestFiner(known);
    // Of an older bucket nothing is kept.
    const slot = isNewest ? known : 0;
    if (!goesOn) hot.begin(slot, start, set);
    const failed = set.empty ? failHere : this.#failed(series, start);
    if (stored === undefined) {
      for (let row = from; row < to; row += 1)
        hot.take(slot, finer.start[row] as number, finer.floats, row, finer.others[row], set, failed);
    } else takeMerged(hot, slot, finer, from, to, stored, set, failed);
    const row = coarse.append(index, start, undefined);
    if (layoutOf(series.type) === "float") hot.resultFloats(slot, coarse.floats, row * floatStateWidth);
    if (!set.empty) coarse.others[row] = hot.resultOthers(slot, set, failed);
  }
}

/** Rows that are read back in one piece, and more only of one series: what bounds the memory of a batch of many series. */
const sliceRows = 16_384;

/** Takes stored finer states and those at hand, which replace them, in ascending order. */
function takeMerged(
  hot: HotBuckets,
  slot: number,
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
      hot.take(slot, newStart, finer.floats, row, finer.others[row], set, failed);
      row += 1;
      if (newStart === oldStart) old += 1;
    } else {
      const others = set.empty ? undefined : set.decode(stored.bytes?.[old] ?? new Uint8Array(0), failed);
      hot.take(slot, oldStart, stored.floats ?? noFloats, stored.floats === undefined ? 0 : old, others, set, failed);
      old += 1;
    }
  }
}
