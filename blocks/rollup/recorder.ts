import { floatStateWidth, foldFloats, seedFloatState } from "../derivators/float-state.ts";
import type { Points } from "../model/columns.ts";
import { type Layout, layoutOf } from "../model/data-type.ts";
import type { ObservationChunk } from "../model/observation-chunk.ts";
import type { Period } from "../model/period.ts";
import type { Series, SeriesTable } from "../model/series.ts";
import type { ObservationsWrite, SeriesRange, Store } from "../model/store.ts";
import { type DerivatorFailures, failHere, type OnFailure } from "./derivator-failures.ts";
import type { DerivatorSets } from "./derivator-set.ts";
import { SeriesGrouper, type SeriesPoints } from "./group-by-series.ts";
import { HotPoints } from "./hot-points.ts";
import { HotStates } from "./hot-states.ts";
import { joinedPoints, lowerBound, mergePoints } from "./merge-points.ts";
import { coalescedRanges } from "./ranges.ts";
import { settleStates } from "./settle-states.ts";
import { StateTable } from "./state-table.ts";
import { type SeriesRevisions, WriteRevisions } from "./write-revisions.ts";

/** What one recording left to do for others. */
export interface Recording {
  /** States of the first-period buckets that were touched; empty where there is no first period. */
  readonly states: StateTable;
  /** Newest stored timestamp of each series that got points, as it was before; `-Infinity` where it had none. */
  readonly newestBefore: ReadonlyMap<number, number>;
  /** The series that got points, with their timestamps, ascending and unique. */
  readonly touched: readonly { readonly series: number; readonly time: Float64Array }[];
  /** What the rows of each series are as of, and so its buckets. */
  readonly revisionOf: SeriesRevisions;
  /** Resolves once the observations are durable. */
  readonly written: Promise<void>;
}

/**
 * Stores raw observations and computes the states of their first-period buckets.
 *
 * A bucket's state is a fold over all its points in ascending order. Where the new points all follow what is known, the fold
 * goes on from the state in memory; anywhere else (a late point, a repeat, a restart) the bucket's points are merged with the new
 * ones and folded from the start. Of a series that gets late points, those of its last two buckets are in memory; older ones are
 * read back from the store. All ways give the same bits.
 *
 * Memory: one hot bucket per series, forgotten as a whole once more than `hotSeriesMax` series have one, and 16 raw points for
 * each of so many series, forgotten as a whole once there are more; both are read back on need.
 */
export class Recorder {
  readonly #table: SeriesTable;
  readonly #store: Store;
  readonly #period: Period | undefined;
  readonly #sets: DerivatorSets;
  readonly #hot: HotStates;
  readonly #hotPoints: HotPoints;
  readonly #failures: DerivatorFailures | undefined;
  /** Taken in turns, as the store copies what was grouped while the next rows are. */
  readonly #groupers = [new SeriesGrouper(), new SeriesGrouper()] as const;
  #turn: 0 | 1 = 0;
  readonly #revisions = new WriteRevisions();
  #statesExpected = 0;
  /** Resolves when the last recording has been computed, or has failed. */
  #computed: Promise<unknown> = Promise.resolve();
  /** Resolve when the last recording but one, and the last one, are durable, or have failed. */
  #durable: readonly [Promise<unknown>, Promise<unknown>] = [Promise.resolve(), Promise.resolve()];

  constructor(given: {
    table: SeriesTable;
    store: Store;
    period: Period | undefined;
    sets: DerivatorSets;
    hotSeriesMax: number;
    /** Takes what derivators fail at; absent: the recording fails with them. */
    failures?: DerivatorFailures;
  }) {
    this.#table = given.table;
    this.#store = given.store;
    this.#period = given.period;
    this.#sets = given.sets;
    this.#hot = new HotStates(given.hotSeriesMax);
    this.#hotPoints = new HotPoints(hotPointsOfSeries * given.hotSeriesMax);
    this.#failures = given.failures;
  }

  /** Recordings that may be asked for before the first of them is durable, so that none waits. */
  get recordingsMax(): number {
    return this.#store.writesInOrder === true ? 2 : 1;
  }

  /**
   * Records the rows of `chunks`, in order of arrival, once the recordings before it are durable, or, where writes count in
   * order, computed: then it waits for the last one where it reads back, which would lack its points, and for the one before in
   * any case, as it writes again the columns that the store was given, which has copied them by then.
   *
   * @throws {EngineError} of the store.
   */
  record(chunks: readonly ObservationChunk[]): Promise<Recording> {
    const [lastButOne, last] = this.#durable;
    const begin = this.#store.writesInOrder === true ? Promise.all([this.#computed, lastButOne]) : last;
    const recording = begin.then(() => this.#record(chunks, last));
    this.#computed = recording.catch(() => {});
    this.#durable = [last, recording.then(({ written }) => written).catch(() => {})];
    return recording;
  }

  /** @param before Resolves when what the store is asked for is there. */
  async #record(chunks: readonly ObservationChunk[], before: Promise<unknown>): Promise<Recording> {
    const groups = this.#grouped(chunks);
    await this.#learnNewest(groups, before);
    const newestBefore = new Map(groups.map(({ series }) => [series, this.#hot.newest(series)]));
    const states = new StateTable(Math.max(16, this.#statesExpected));
    if (this.#period !== undefined) await this.#fold(groups, this.#period, states, before);
    const observations: ObservationsWrite[] = [];
    const revisionOf = this.#revisions.next(chunks);
    const touched: { series: number; time: Float64Array }[] = [];
    for (const { series, points } of groups) {
      observations.push({ series: this.#table.at(series), points, revision: revisionOf(series) });
      touched.push({ series, time: points.time });
      this.#hot.sawUntil(series, points.time[points.time.length - 1] as number);
    }
    this.#statesExpected = states.length;
    if (this.#hot.evict()) this.#hotPoints.forget();
    this.#hotPoints.evict();
    const written = this.#store.write({ observations });
    // It may fail before its turn comes to be heard; until then that must not count as unhandled.
    written.catch(() => {});
    const period = this.#period;
    if (period !== undefined) {
      const failed = (series: Series, start: number) => this.#failed(series, period, () => start);
      await settleStates(states, this.#table, this.#sets, undefined, failed);
    }
    return { states, newestBefore, touched, revisionOf, written };
  }

  #grouped(chunks: readonly ObservationChunk[]): SeriesPoints[] {
    const groups: SeriesPoints[] = [];
    const grouper = this.#groupers[this.#turn];
    this.#turn = this.#turn === 0 ? 1 : 0;
    for (const layout of ["float", "long", "boxed"] as const satisfies readonly Layout[]) {
      const ofLayout = chunks.filter((chunk) => chunk.layout === layout);
      if (ofLayout.length === 0) continue;
      groups.push(...grouper.group(ofLayout, layout, this.#table.size, (series) => this.#hotPoints.of(series)));
    }
    return groups;
  }

  async #learnNewest(groups: readonly SeriesPoints[], before: Promise<unknown>): Promise<void> {
    const unknown = groups.filter(({ series }) => !this.#hot.knowsNewest(series)).map(({ series }) => series);
    if (unknown.length === 0) return;
    await before;
    const newest = await this.#store.newest(unknown.map((series) => this.#table.at(series)));
    unknown.forEach((series, place) => {
      this.#hot.learnNewest(series, newest[place] as number);
    });
  }

  async #fold(
    groups: readonly SeriesPoints[],
    period: Period,
    states: StateTable,
    before: Promise<unknown>,
  ): Promise<void> {
    const ranges: SeriesRange[] = [];
    const readBack: (readonly SeriesRange[] | undefined)[] = groups.map(({ series, points }) => {
      const first = points.time[0] as number;
      if (this.#follows(series, first, period) || this.#hotPoints.since(series) <= period.start(first))
        return undefined;
      const needed = coalescedRanges(this.#table.at(series), this.#buckets(series, points, period), period);
      ranges.push(...needed);
      return needed;
    });
    if (ranges.length > 0) await before;
    const stored = ranges.length === 0 ? [] : await this.#store.readObservations(ranges);
    let next = 0;
    groups.forEach((group, place) => {
      const { series, points, all } = group;
      const needed = readBack[place];
      if (needed === undefined) {
        const follows = this.#follows(series, points.time[0] as number, period);
        this.#foldSeries(series, points, follows ? undefined : all, period, states);
        this.#keepPoints(group, all, Number.POSITIVE_INFINITY, period);
        return;
      }
      const older = stored.slice(next, next + needed.length);
      next += needed.length;
      const merged = older.length === 0 ? points : mergePoints(joinedPoints(older), points);
      this.#foldSeries(series, points, merged, period, states);
      const last = needed.at(-1);
      const whole = last !== undefined && last.to > this.#hot.newest(series);
      this.#keepPoints(group, merged, whole ? last.from : Number.POSITIVE_INFINITY, period);
    });
  }

  /**
   * Keeps the points of the last two buckets of a series that gets late ones, as far as they are at hand.
   *
   * @param points All points of the series from `since` on, and all that came or were kept.
   */
  #keepPoints({ series, late }: SeriesPoints, points: Points, since: number, period: Period): void {
    if (!late && !this.#hotPoints.has(series)) return;
    const newest = this.#hot.newest(series);
    const latest = Math.max(newest, points.time[points.time.length - 1] as number);
    const behindKnown = newest === Number.NEGATIVE_INFINITY ? newest : period.next(period.start(newest));
    const complete = Math.min(since, this.#hotPoints.since(series), behindKnown);
    this.#hotPoints.keep(series, points, Math.max(complete, period.start(period.start(latest) - 1)));
  }

  /** Whether points from `first` on can be folded without reading back: none is late, and their first bucket is hot or new. */
  #follows(series: number, first: number, period: Period): boolean {
    if (first <= this.#hot.newest(series)) return false;
    const bucket = period.start(first);
    return bucket > this.#hot.newest(series) || this.#hot.bucket(series) === bucket;
  }

  /** Starts of the touched buckets that may hold stored points. */
  #buckets(series: number, points: Points, period: Period): number[] {
    const starts: number[] = [];
    const { time } = points;
    for (let row = 0; row < time.length; ) {
      const start = period.start(time[row] as number);
      if (start > this.#hot.newest(series)) break;
      starts.push(start);
      row = lowerBound(time, period.next(start), row);
    }
    return starts;
  }

  /**
   * Folds every bucket that `points` touch.
   *
   * @param known `points` merged with the known points of their buckets, and possibly of others; absent where the points follow
   *   all that are known, and the fold goes on from the hot bucket.
   */
  #foldSeries(index: number, points: Points, known: Points | undefined, period: Period, states: StateTable): void {
    const all = known ?? points;
    const series = this.#table.at(index);
    const set = this.#sets.of(series.type);
    const floats = layoutOf(series.type) === "float";
    let start = 0;
    const failed = this.#failed(series, period, () => start);
    let at = 0;
    for (let row = 0; row < points.time.length; ) {
      start = period.start(points.time[row] as number);
      const next = period.next(start);
      const from = known === undefined ? row : lowerBound(all.time, start, at);
      const to = firstFrom(all.time, next, from);
      const goesOn = known === undefined && this.#hot.bucket(index) === start;
      const hot = goesOn ? this.#hot.others(index) : undefined;
      const others = set.empty ? undefined : hot === undefined ? set.seed(failed) : set.copy(hot, failed);
      const stateRow = states.append(index, start, others);
      const offset = stateRow * floatStateWidth;
      if (floats) {
        if (goesOn) this.#hot.copyFloats(index, states.floats, offset);
        else seedFloatState(states.floats, offset);
        foldFloats(states.floats, offset, all.time, all.values as Float64Array, from, to);
      }
      if (others !== undefined) set.add(others, all, from, to, failed);
      at = to;
      row = known === undefined ? to : firstFrom(points.time, next, row);
      // The newest bucket stays hot; one that only late points touched does not.
      if (next > this.#hot.newest(index)) this.#hot.keep(index, start, states, stateRow);
    }
  }

  #failed(series: Series, { label }: Period, start: () => number): OnFailure {
    return this.#failures?.at(() => ({ series, period: label, start: start() })) ?? failHere;
  }
}

/** Raw points that are kept for each series of `hotSeriesMax`, on average. */
const hotPointsOfSeries = 16;

/** The first row from `from` on that is not before `time`; at once where all are. */
function firstFrom(column: Float64Array, time: number, from: number): number {
  const { length } = column;
  return length > 0 && (column[length - 1] as number) < time ? length : lowerBound(column, time, from);
}
