import { floatStateWidth, foldFloats } from "../derivators/float-state.ts";
import type { Points } from "../model/columns.ts";
import { type Layout, layoutOf } from "../model/data-type.ts";
import type { ObservationChunk } from "../model/observation-chunk.ts";
import type { Period } from "../model/period.ts";
import type { Series, SeriesTable } from "../model/series.ts";
import type { ObservationsWrite, SeriesRange, Store } from "../model/store.ts";
import { type DerivatorFailures, failHere, type OnFailure } from "./derivator-failures.ts";
import type { DerivatorSet, DerivatorSets, DerivatorStates } from "./derivator-set.ts";
import { type GroupedRows, isLarge, partsOf, SeriesGrouper } from "./group-by-series.ts";
import { GroupWrite } from "./group-write.ts";
import { HotPoints } from "./hot-points.ts";
import { HotStates } from "./hot-states.ts";
import type { FoldKernel } from "./kernel/fold-kernel.ts";
import { firstFrom, joinedPoints, lowerBound, mergePoints, pointsOf, type RowSpan } from "./merge-points.ts";
import { coalescedRanges } from "./ranges.ts";
import { SeriesNumbers } from "./series-numbers.ts";
import { settleStates } from "./settle-states.ts";
import { StateTable } from "./state-table.ts";
import { type SeriesRevisions, WriteRevisions } from "./write-revisions.ts";

/** What one recording left to do for others, or a part of it. */
export interface Recording {
  /** States of the first-period buckets that were touched; empty where there is no first period. */
  readonly states: StateTable;
  /** Newest stored timestamp of each series that got points, as it was before; `-Infinity` where it had none. */
  readonly newestBefore: SeriesNumbers;
  /** The series that got points, with their timestamps, ascending and unique. To be asked before the next recording. */
  readonly touched: readonly { readonly series: number; readonly time: Float64Array }[];
  /** What the rows of each series are as of, and so its buckets. */
  readonly revisionOf: SeriesRevisions;
  /** Resolves once the observations are durable, those of the parts before included. */
  readonly written: Promise<void>;
  /**
   * Resolves once the states that are computed in other threads have arrived, and those of the recordings before it; absent where
   * there are none. Until then the table lacks them.
   */
  readonly settled: Promise<void> | undefined;
  /** Records the next part of a batch of very many series; undefined in the last. */
  readonly rest: (() => Promise<Recording>) | undefined;
}

/** What is recorded part by part. */
interface Batch {
  /** The rows of some of the series each; at least one. */
  readonly parts: readonly (readonly GroupedRows[])[];
  readonly revisionOf: SeriesRevisions;
  /** Resolves when what the store is asked for is there. */
  readonly before: Promise<unknown>;
  /** Of each part that is recorded: resolve when it is durable, and when its states have arrived too. */
  readonly written: Promise<void>[];
  readonly done: Promise<unknown>[];
  /** Takes the last part, or the one that failed. */
  readonly ended: (part: Promise<Recording>) => void;
}

/**
 * Stores raw observations and computes the states of their first-period buckets.
 *
 * A bucket's state is a fold over all its points in ascending order. Where the new points all follow what is known, the fold
 * goes on from the state in memory; anywhere else (a late point, a repeat, a restart) the bucket's points are merged with the new
 * ones and folded from the start. Of a series that gets late points, those of its last two buckets are in memory; older ones are
 * read back from the store. All ways give the same bits.
 *
 * A batch of very many series is recorded in parts, so that what follows from it is never in memory as a whole.
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
  readonly #groupers: readonly [SeriesGrouper, SeriesGrouper];
  #turn: 0 | 1 = 0;
  /** The last recording had very many series: what overlaps with such a one would be too much in memory. */
  #large = false;
  /** Whether series of layout `float` have no other states. */
  readonly #onlyFloats: boolean;
  readonly #partSeriesMax: number;
  readonly #revisions = new WriteRevisions();
  #statesExpected = 0;
  /** Resolves when the last recording has been folded, or has failed. */
  #folded: Promise<unknown> = Promise.resolve();
  /** Resolves when no recording has states elsewhere any more; absent where none has. */
  #settled: Promise<void> | undefined;
  /** Resolves when the last recording is durable, or has failed. */
  #durable: Promise<unknown> = Promise.resolve();
  /** Resolve when the last recording but one, and the last one, are durable and settled, or have failed. */
  #done: readonly [Promise<unknown>, Promise<unknown>] = [Promise.resolve(), Promise.resolve()];

  constructor(given: {
    table: SeriesTable;
    store: Store;
    period: Period | undefined;
    sets: DerivatorSets;
    hotSeriesMax: number;
    /** Takes what derivators fail at; absent: the recording fails with them. */
    failures?: DerivatorFailures;
    /** See `SeriesGrouper`. */
    compiledFrom?: number;
    /** Series of a part at most. */
    partSeriesMax?: number;
  }) {
    this.#groupers = [new SeriesGrouper(given.compiledFrom), new SeriesGrouper(given.compiledFrom)];
    this.#onlyFloats = (["tdouble", "tbool"] as const).every((type) => given.sets.of(type).empty);
    this.#table = given.table;
    this.#store = given.store;
    this.#period = given.period;
    this.#sets = given.sets;
    this.#hot = new HotStates(given.hotSeriesMax);
    this.#hotPoints = new HotPoints(hotPointsOfSeries * given.hotSeriesMax);
    this.#failures = given.failures;
    this.#partSeriesMax = given.partSeriesMax ?? partSeriesMaxDefault;
  }

  /** Recordings that may be asked for before the first of them is durable, so that none waits. */
  get recordingsMax(): number {
    return this.#store.writesInOrder === true && !this.#large ? 2 : 1;
  }

  /**
   * Records the rows of `chunks`, in order of arrival, once the recordings before it are durable, or, where writes count in
   * order, folded: then it waits for the last one where it reads back, which would lack its points, and for the one before in
   * any case, as it writes again the columns that the store was given and heavy derivators take, which have copied them by then.
   *
   * @throws {EngineError} of the store.
   */
  record(chunks: readonly ObservationChunk[]): Promise<Recording> {
    const [lastButOne, last] = this.#done;
    const durable = this.#durable;
    const overlaps = this.recordingsMax > 1;
    const begin = overlaps ? Promise.all([this.#folded, lastButOne]) : last;
    let ended: Batch["ended"] = () => {};
    const whole = new Promise<Recording>((resolve) => {
      ended = resolve;
    });
    const first = begin.then(() => {
      if (overlaps) this.#turn = this.#turn === 0 ? 1 : 0;
      const grouped = this.#grouped(chunks);
      this.#large = isLarge(grouped.reduce((groups, { length }) => groups + length, 0));
      const revisionOf = this.#revisions.next(chunks);
      return this.#recordPart({
        parts: partsOf(grouped, this.#partSeriesMax),
        revisionOf,
        before: durable,
        ...{ written: [], done: [] },
        ended,
      });
    });
    first.catch(() => ended(first));
    this.#folded = whole.catch(() => {});
    this.#durable = whole.then(({ written }) => written).catch(() => {});
    this.#done = [last, whole.then(({ written, settled }) => Promise.all([written, settled])).catch(() => {})];
    return first;
  }

  #recordPart(batch: Batch): Promise<Recording> {
    const part = this.#record(batch);
    const ended = () => batch.ended(part);
    part.then(({ rest }) => rest ?? ended(), ended);
    return part;
  }

  async #record(batch: Batch): Promise<Recording> {
    const { parts, revisionOf, before } = batch;
    const place = batch.written.length;
    // No more parts are on their way than recordings may be.
    if (place > 0) await batch.done[place - (this.#store.writesInOrder === true ? 2 : 1)];
    const grouped = parts[place] as readonly GroupedRows[];
    await this.#learnNewest(grouped, before);
    const newestBefore = this.#newestOf(grouped);
    const states = new StateTable(16 + this.#statesExpected);
    if (this.#period !== undefined) await this.#fold(grouped, this.#period, states, before);
    const observations: ObservationsWrite[] = [];
    for (const groups of grouped) {
      for (let place = 0; place < groups.length; place += 1) {
        const series = groups.series[place] as number;
        observations.push(new GroupWrite(this.#table.at(series), groups, place, revisionOf(series)));
        this.#hot.sawUntil(series, groups.newest(place));
      }
    }
    // With some room, as a table that has to grow is copied.
    this.#statesExpected = states.length + (states.length >>> 3);
    if (this.#hot.evict()) this.#hotPoints.forget();
    this.#hotPoints.evict();
    const write = this.#store.write({ observations });
    const written = place === 0 ? write : Promise.all([batch.written[place - 1], write]).then(() => {});
    // It may fail before its turn comes to be heard; until then that must not count as unhandled.
    written.catch(() => {});
    batch.written.push(written);
    const settled = this.#settle(states);
    const done = settled === undefined ? written : Promise.all([written, settled]);
    done.catch(() => {});
    batch.done.push(done);
    return {
      ...{ states, newestBefore, revisionOf, written, settled },
      rest: place + 1 < parts.length ? () => this.#recordPart(batch) : undefined,
      get touched() {
        // Copies, as what asks may keep them beyond the next recording.
        return observations.map(({ series, points }) => ({ series: series.index, time: points.time.slice() }));
      },
    };
  }

  #settle(states: StateTable): Promise<void> | undefined {
    const period = this.#period;
    if (period === undefined) return undefined;
    const failed = (series: Series, start: number) => this.#failed(series, period, start);
    const settling = settleStates(states, this.#table, this.#sets, undefined, failed);
    if (settling === undefined && this.#settled === undefined) return undefined;
    const settled = Promise.all([this.#settled, settling]).then(() => {
      if (this.#settled === settled) this.#settled = undefined;
    });
    // It may fail before its turn comes to be heard.
    settled.catch(() => {});
    this.#settled = settled;
    return settled;
  }

  #grouped(chunks: readonly ObservationChunk[]): GroupedRows[] {
    const grouped: GroupedRows[] = [];
    const grouper = this.#groupers[this.#turn];
    for (const layout of ["float", "long", "boxed"] as const satisfies readonly Layout[]) {
      const ofLayout = chunks.filter((chunk) => chunk.layout === layout);
      if (ofLayout.length === 0) continue;
      grouped.push(grouper.group(ofLayout, layout, this.#table.size, this.#hotPoints));
    }
    return grouped;
  }

  async #learnNewest(grouped: readonly GroupedRows[], before: Promise<unknown>): Promise<void> {
    const unknown: number[] = [];
    for (const { series, length } of grouped) {
      for (let place = 0; place < length; place += 1) {
        const index = series[place] as number;
        if (!this.#hot.knowsNewest(index)) unknown.push(index);
      }
    }
    if (unknown.length === 0) return;
    await before;
    const newest = await this.#store.newest(unknown.map((series) => this.#table.at(series)));
    unknown.forEach((series, place) => {
      this.#hot.learnNewest(series, newest[place] as number);
    });
  }

  #newestOf(grouped: readonly GroupedRows[]): SeriesNumbers {
    const count = grouped.reduce((groups, { length }) => groups + length, 0);
    const [all, newest] = [new Uint32Array(count), new Float64Array(count)];
    let at = 0;
    for (const { series, length } of grouped) {
      for (let place = 0; place < length; place += 1) {
        const index = series[place] as number;
        all[at] = index;
        newest[at] = this.#hot.newest(index);
        at += 1;
      }
    }
    return new SeriesNumbers(all, newest);
  }

  async #fold(
    grouped: readonly GroupedRows[],
    period: Period,
    states: StateTable,
    before: Promise<unknown>,
  ): Promise<void> {
    const ranges: SeriesRange[] = [];
    const readBack = grouped.map((groups) => this.#begin(groups, period, ranges));
    if (ranges.length > 0) await before;
    const stored = ranges.length === 0 ? [] : await this.#store.readObservations(ranges);
    let next = 0;
    grouped.forEach((groups, layout) => {
      let known = 0;
      for (const [place, needed] of readBack[layout] ?? []) {
        this.#foldKnown(groups, known, place, period, states);
        this.#foldRead(groups, place, needed, stored.slice(next, next + needed.length), period, states);
        next += needed.length;
        known = place + 1;
      }
      this.#foldKnown(groups, known, groups.length, period, states);
    });
  }

  /**
   * Says of each group in `next` and `goesOn` how its fold begins, where its points are all at hand or follow those in the hot
   * bucket.
   *
   * @returns what the others need from the store, by ascending place; it is added to `ranges`.
   */
  #begin(groups: GroupedRows, period: Period, ranges: SeriesRange[]): Map<number, readonly SeriesRange[]> {
    const readBack = new Map<number, readonly SeriesRange[]>();
    for (let place = 0; place < groups.length; place += 1) {
      const series = groups.series[place] as number;
      const oldest = groups.oldest(place);
      const newest = this.#hot.newest(series);
      const start = period.start(oldest);
      const goesOn = oldest > newest && this.#hot.bucket(series) === start;
      groups.goesOn[place] = goesOn ? 1 : 0;
      const from = groups.from[place] as number;
      if (goesOn || start > newest) groups.next[place] = from;
      else if (this.#hotPoints.since(series) <= start) {
        groups.next[place] = lowerBound(groups.time, start, groups.start[place], from);
      } else {
        const starts = this.#buckets(series, groups.points(place), period);
        const needed = coalescedRanges(this.#table.at(series), starts, period);
        for (const range of needed) ranges.push(range);
        readBack.set(place, needed);
      }
    }
    return readBack;
  }

  /** Folds the buckets of groups, `first` to `end`, whose points are all at hand, or follow those in the hot bucket. */
  #foldKnown(groups: GroupedRows, first: number, end: number, period: Period, states: StateTable): void {
    const { kernel } = groups;
    if (kernel !== undefined && period.fixedMs !== undefined && this.#onlyFloats) {
      this.#foldCompiled(kernel, groups, first, end, period, period.fixedMs, states);
      return;
    }
    const { time, values } = groups;
    for (let place = first; place < end; place += 1) {
      const series = groups.series[place] as number;
      const rows = { time, values, from: groups.next[place] as number, to: groups.to[place] as number };
      this.#foldBuckets(series, rows, groups.goesOn[place] === 1, period, states);
      this.#keepLate(groups, place, period);
    }
  }

  #foldCompiled(
    kernel: FoldKernel,
    groups: GroupedRows,
    first: number,
    end: number,
    period: Period,
    fixedMs: number,
    states: StateTable,
  ): void {
    const inKernel = groups.first;
    for (let place = first; place < end; place += 1) {
      if (groups.goesOn[place] !== 1) continue;
      this.#hot.copyFloats(groups.series[place] as number, kernel.hot, (inKernel + place) * floatStateWidth);
    }
    for (let place = first; place < end; ) {
      const nextPlace = kernel.fold(inKernel + place, inKernel + end, fixedMs) - inKernel;
      const count = kernel.ends[inKernel + Math.min(nextPlace, end - 1)] as number;
      const row = states.appendStates(
        kernel.bucketStarts.subarray(0, count),
        kernel.states.subarray(0, count * floatStateWidth),
      );
      let from = row;
      for (; place < nextPlace; place += 1) {
        const series = groups.series[place] as number;
        const to = row + (kernel.ends[inKernel + place] as number);
        states.series.fill(series, from, to);
        from = to;
        this.#keepHot(series, period, states, to - 1);
        this.#keepLate(groups, place, period);
      }
      // Of a group whose states found no room there are more to come.
      if (place < end) states.series.fill(groups.series[place] as number, from, row + count);
    }
  }

  /** Keeps the newest points of a group that got late ones, or ever did. */
  #keepLate(groups: GroupedRows, place: number, period: Period): void {
    const series = groups.series[place] as number;
    if (groups.late[place] !== 1 && !this.#hotPoints.has(series)) return;
    this.#keepPoints(series, groups.all(place), Number.POSITIVE_INFINITY, period);
  }

  /** The newest bucket stays hot; one that only late points touched does not. @param row The newest that a group touched. */
  #keepHot(series: number, period: Period, states: StateTable, row: number): void {
    const start = states.start[row] as number;
    if (period.next(start) > this.#hot.newest(series)) this.#hot.keep(series, start, states, row);
  }

  /** Folds the buckets that a group touches with what was read back of them. */
  #foldRead(
    groups: GroupedRows,
    place: number,
    needed: readonly SeriesRange[],
    older: readonly Points[],
    period: Period,
    states: StateTable,
  ): void {
    const series = groups.series[place] as number;
    const points = groups.points(place);
    const merged = older.length === 0 ? points : mergePoints(joinedPoints(older), points);
    const { time, values } = merged;
    for (let row = 0, at = 0; row < points.time.length; ) {
      const start = period.start(points.time[row] as number);
      const next = period.next(start);
      const from = lowerBound(time, start, at);
      at = firstFrom(time, next, from, time.length);
      this.#foldBuckets(series, { time, values, from, to: at }, false, period, states);
      row = firstFrom(points.time, next, row, points.time.length);
    }
    if (groups.late[place] !== 1 && !this.#hotPoints.has(series)) return;
    const last = needed.at(-1);
    const whole = last !== undefined && last.to > this.#hot.newest(series);
    const all = { time, values, from: 0, to: time.length };
    this.#keepPoints(series, all, whole ? last.from : Number.POSITIVE_INFINITY, period);
  }

  /**
   * Keeps the points of the last two buckets of a series that gets late ones, as far as they are at hand.
   *
   * @param rows All points of the series from `since` on, and all that came or were kept.
   */
  #keepPoints(series: number, rows: RowSpan, since: number, period: Period): void {
    const newest = this.#hot.newest(series);
    const latest = Math.max(newest, rows.time[rows.to - 1] as number);
    const behindKnown = newest === Number.NEGATIVE_INFINITY ? newest : period.next(period.start(newest));
    const complete = Math.min(since, this.#hotPoints.since(series), behindKnown);
    this.#hotPoints.keep(series, rows, Math.max(complete, period.start(period.start(latest) - 1)));
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
   * Folds every bucket of `rows`.
   *
   * @param rows All points of their buckets; of the first one those that are not in the hot bucket, where the fold goes on.
   * @param goesOn The first bucket is the hot one, and all rows follow what is in it.
   */
  #foldBuckets(index: number, rows: RowSpan, goesOn: boolean, period: Period, states: StateTable): void {
    const { time, values, to } = rows;
    const { type } = this.#table.at(index);
    const set = this.#sets.of(type);
    const floats = layoutOf(type) === "float";
    let stateRow = -1;
    for (let from = rows.from; from < to; ) {
      const start = period.start(time[from] as number);
      const end = firstFrom(time, period.next(start), from, to);
      const hot = goesOn && stateRow < 0;
      stateRow = states.append(index, start);
      if (floats) {
        const offset = stateRow * floatStateWidth;
        if (hot) this.#hot.copyFloats(index, states.floats, offset);
        foldFloats(states.floats, offset, time, values as Float64Array, from, end);
      }
      if (!set.empty) {
        const others = hot ? this.#hot.others(index) : undefined;
        states.others[stateRow] = this.#foldOthers(
          set,
          others,
          pointsOf({ time, values, from, to: end }),
          index,
          start,
        );
      }
      from = end;
    }
    this.#keepHot(index, period, states, stateRow);
  }

  #foldOthers(
    set: DerivatorSet,
    hot: DerivatorStates | undefined,
    points: Points,
    index: number,
    start: number,
  ): DerivatorStates {
    const failed = this.#failed(this.#table.at(index), this.#period as Period, start);
    const others = hot === undefined ? set.seed(failed) : set.copy(hot, failed);
    set.add(others, points, 0, points.time.length, failed);
    return others;
  }

  #failed(series: Series, { label }: Period, start: number): OnFailure {
    return this.#failures?.at(() => ({ series, period: label, start })) ?? failHere;
  }
}

/** Tables of so many states, and what is written for them, take some 10 MB. */
const partSeriesMaxDefault = 8_192;

/** Raw points that are kept for each series of `hotSeriesMax`, on average. */
const hotPointsOfSeries = 16;
