import { floatStateWidth, foldFloats } from "../derivators/float-state.ts";
import type { Points } from "../model/columns.ts";
import { layoutOf } from "../model/data-type.ts";
import type { Period } from "../model/period.ts";
import type { Series, SeriesTable } from "../model/series.ts";
import type { SeriesRange, Store } from "../model/store.ts";
import { type DerivatorFailures, failHere, type OnFailure } from "./derivator-failures.ts";
import type { DerivatorSet, DerivatorSets, DerivatorStates } from "./derivator-set.ts";
import type { GroupedRows } from "./group-by-series.ts";
import type { HotPoints } from "./hot-points.ts";
import type { HotStates } from "./hot-states.ts";
import type { FoldKernel } from "./kernel/fold-kernel.ts";
import { firstFrom, joinedPoints, lowerBound, mergePoints, pointsOf, type RowSpan } from "./merge-points.ts";
import { coalescedRanges } from "./ranges.ts";
import { settleStates } from "./settle-states.ts";
import type { StateTable } from "./state-table.ts";

export interface BucketFolderParts {
  readonly table: SeriesTable;
  readonly store: Store;
  readonly period: Period;
  readonly sets: DerivatorSets;
  /** Knows the newest timestamp of every series that is folded; gets the new one, and the newest bucket. */
  readonly hot: HotStates;
  readonly hotPoints: HotPoints;
  /** Takes what derivators fail at; absent: the fold fails with them. */
  readonly failures: DerivatorFailures | undefined;
}

/**
 * Folds raw points into the states of their first-period buckets.
 *
 * A bucket's state is a fold over all its points in ascending order. Where the new points all follow what is known, the fold
 * goes on from the state in memory; anywhere else (a late point, a repeat, a restart) the bucket's points are merged with the new
 * ones and folded from the start. Of a series that gets late points, those of its last two buckets are in memory; older ones are
 * read back from the store. All ways give the same bits.
 */
export class BucketFolder {
  readonly #table: SeriesTable;
  readonly #store: Store;
  readonly #period: Period;
  readonly #sets: DerivatorSets;
  readonly #hot: HotStates;
  readonly #hotPoints: HotPoints;
  readonly #failures: DerivatorFailures | undefined;
  /** Whether series of layout `float` have no other states. */
  readonly #onlyFloats: boolean;

  constructor(parts: BucketFolderParts) {
    this.#table = parts.table;
    this.#store = parts.store;
    this.#period = parts.period;
    this.#sets = parts.sets;
    this.#hot = parts.hot;
    this.#hotPoints = parts.hotPoints;
    this.#failures = parts.failures;
    this.#onlyFloats = (["tdouble", "tbool"] as const).every((type) => parts.sets.of(type).empty);
  }

  /**
   * Folds the groups of a recording into `states`.
   *
   * @param before Resolves when what the store is asked for is there.
   * @returns what to wait for; undefined where nothing had to be read back, and all is folded.
   * @throws {EngineError} of the store.
   */
  fold(grouped: readonly GroupedRows[], states: StateTable, before: Promise<unknown>): Promise<void> | undefined {
    const ranges: SeriesRange[] = [];
    // States go to the table in the order of groups: behind the first one that has to be read back, others wait for it.
    const folded: number[] = [];
    const readBack = grouped.map((groups) => {
      const needed = new Map<number, readonly SeriesRange[]>();
      let done = 0;
      for (let place = 0; place < groups.length; place += groupsAtOnce) {
        const end = Math.min(groups.length, place + groupsAtOnce);
        groups.orderUntil(end);
        this.#begin(groups, place, end, needed, ranges);
        if (ranges.length > 0) continue;
        this.#foldKnown(groups, place, end, states);
        done = end;
      }
      folded.push(done);
      return needed;
    });
    const foldWith = (stored: readonly Points[]) => this.#foldAll(grouped, readBack, folded, stored, states);
    if (ranges.length > 0) return before.then(() => this.#store.readObservations(ranges)).then(foldWith);
    foldWith([]);
    return undefined;
  }

  #foldAll(
    grouped: readonly GroupedRows[],
    readBack: readonly Map<number, readonly SeriesRange[]>[],
    folded: readonly number[],
    stored: readonly Points[],
    states: StateTable,
  ): void {
    let next = 0;
    grouped.forEach((groups, layout) => {
      let known = folded[layout] ?? 0;
      for (const [place, needed] of readBack[layout] ?? []) {
        this.#foldKnown(groups, known, place, states);
        this.#foldRead(groups, place, needed, stored.slice(next, next + needed.length), states);
        next += needed.length;
        known = place + 1;
      }
      this.#foldKnown(groups, known, groups.length, states);
    });
  }

  /** Waits for states that are computed in other threads; undefined where there are none. */
  settle(states: StateTable): Promise<unknown> | undefined {
    return settleStates(states, this.#table, this.#sets, undefined, (series, start) => this.#failed(series, start));
  }

  /**
   * Says of each group, `first` to `end`, in `next` and `goesOn` how its fold begins, where its points are all at hand or follow those
   * in the hot bucket. What the others need from the store goes to `readBack`, by ascending place, and to `ranges`.
   */
  #begin(
    groups: GroupedRows,
    first: number,
    end: number,
    readBack: Map<number, readonly SeriesRange[]>,
    ranges: SeriesRange[],
  ): void {
    for (let place = first; place < end; place += 1) {
      const series = groups.series[place] as number;
      const oldest = groups.oldest(place);
      const newest = this.#hot.newest(series);
      const start = this.#period.start(oldest);
      const goesOn = oldest > newest && this.#hot.bucket(series) === start;
      groups.goesOn[place] = goesOn ? 1 : 0;
      const from = groups.from[place] as number;
      if (goesOn || start > newest) groups.next[place] = from;
      else if (this.#hotPoints.since(series) <= start) {
        groups.next[place] = lowerBound(groups.time, start, groups.start[place], from);
      } else {
        const starts = this.#buckets(series, groups.points(place));
        const needed = coalescedRanges(this.#table.at(series), starts, this.#period);
        for (const range of needed) ranges.push(range);
        readBack.set(place, needed);
      }
    }
  }

  /** Folds the buckets of groups, `first` to `end`, whose points are all at hand, or follow those in the hot bucket. */
  #foldKnown(groups: GroupedRows, first: number, end: number, states: StateTable): void {
    const { kernel } = groups;
    const { fixedMs } = this.#period;
    if (kernel !== undefined && fixedMs !== undefined && this.#onlyFloats) {
      this.#foldCompiled(kernel, groups, first, end, fixedMs, states);
    } else {
      const { time, values } = groups;
      for (let place = first; place < end; place += 1) {
        const series = groups.series[place] as number;
        const rows = { time, values, from: groups.next[place] as number, to: groups.to[place] as number };
        this.#foldBuckets(series, rows, groups.goesOn[place] === 1, states);
      }
    }
    this.#remember(groups, first, end);
  }

  #foldCompiled(
    kernel: FoldKernel,
    groups: GroupedRows,
    first: number,
    end: number,
    fixedMs: number,
    states: StateTable,
  ): void {
    const [from, to] = [groups.first + first, groups.first + end];
    this.#hot.copyAllFloats(kernel.series, from, to, kernel.hot);
    for (let place = from; place < to; ) {
      place = kernel.fold(place, to, fixedMs);
      const count = kernel.buckets;
      states.appendStates(
        kernel.bucketSeries.subarray(0, count),
        kernel.bucketStarts.subarray(0, count),
        kernel.states.subarray(0, count * floatStateWidth),
      );
    }
    this.#hot.keepAllFloats(kernel.series, from, to, fixedMs, kernel.lastStarts, kernel.hot);
  }

  /** Notes the newest timestamp of each group, and keeps the newest points of those that got late ones, or ever did, while the rows are at hand. */
  #remember(groups: GroupedRows, first: number, end: number): void {
    const { kernel, series, late } = groups;
    let some = false;
    for (let place = first; place < end; place += 1) {
      const index = series[place] as number;
      const keeps = late[place] === 1 || this.#hotPoints.has(index);
      const newest = groups.newest(place);
      const since = keeps ? this.#keptSince(index, newest) : Number.POSITIVE_INFINITY;
      this.#hot.sawUntil(index, newest);
      if (kernel !== undefined) kernel.sinces[groups.first + place] = since;
      else if (keeps) this.#hotPoints.keep(index, groups.all(place), since);
      some ||= keeps;
    }
    if (some && kernel !== undefined) this.#hotPoints.keepFromKernel(kernel, groups.first + first, groups.first + end);
  }

  /** The newest bucket stays hot; one that only late points touched does not. @param row The newest that a group touched. */
  #keepHot(series: number, states: StateTable, row: number): void {
    const start = states.start[row] as number;
    if (this.#period.next(start) > this.#hot.newest(series)) this.#hot.keep(series, start, states, row);
  }

  /** Folds the buckets that a group touches with what was read back of them. */
  #foldRead(
    groups: GroupedRows,
    place: number,
    needed: readonly SeriesRange[],
    older: readonly Points[],
    states: StateTable,
  ): void {
    const series = groups.series[place] as number;
    const points = groups.points(place);
    const merged = older.length === 0 ? points : mergePoints(joinedPoints(older), points);
    const { time, values } = merged;
    for (let row = 0, at = 0; row < points.time.length; ) {
      const start = this.#period.start(points.time[row] as number);
      const next = this.#period.next(start);
      const from = lowerBound(time, start, at);
      at = firstFrom(time, next, from, time.length);
      this.#foldBuckets(series, { time, values, from, to: at }, false, states);
      row = firstFrom(points.time, next, row, points.time.length);
    }
    if (groups.late[place] === 1 || this.#hotPoints.has(series)) {
      const last = needed.at(-1);
      const whole = last !== undefined && last.to > this.#hot.newest(series);
      const since = this.#keptSince(series, time.at(-1) as number, whole ? last.from : Number.POSITIVE_INFINITY);
      this.#hotPoints.keep(series, { time, values, from: 0, to: time.length }, since);
    }
    this.#hot.sawUntil(series, groups.newest(place));
  }

  /**
   * From where on the points of a series that gets late ones are kept: those of its last two buckets, as far as they are at hand.
   *
   * @param newestNow Of the rows that are at hand: all from `from` on, and all that came or were kept.
   */
  #keptSince(series: number, newestNow: number, from = Number.POSITIVE_INFINITY): number {
    const newest = this.#hot.newest(series);
    const latest = Math.max(newest, newestNow);
    const behindKnown = newest === Number.NEGATIVE_INFINITY ? newest : this.#period.next(this.#period.start(newest));
    const complete = Math.min(from, this.#hotPoints.since(series), behindKnown);
    return Math.max(complete, this.#period.start(this.#period.start(latest) - 1));
  }

  /** Starts of the touched buckets that may hold stored points. */
  #buckets(series: number, points: Points): number[] {
    const starts: number[] = [];
    const { time } = points;
    for (let row = 0; row < time.length; ) {
      const start = this.#period.start(time[row] as number);
      if (start > this.#hot.newest(series)) break;
      starts.push(start);
      row = lowerBound(time, this.#period.next(start), row);
    }
    return starts;
  }

  /**
   * Folds every bucket of `rows`.
   *
   * @param rows All points of their buckets; of the first one those that are not in the hot bucket, where the fold goes on.
   * @param goesOn The first bucket is the hot one, and all rows follow what is in it.
   */
  #foldBuckets(index: number, rows: RowSpan, goesOn: boolean, states: StateTable): void {
    const { time, values, to } = rows;
    const { type } = this.#table.at(index);
    const set = this.#sets.of(type);
    const floats = layoutOf(type) === "float";
    let stateRow = -1;
    for (let from = rows.from; from < to; ) {
      const start = this.#period.start(time[from] as number);
      const end = firstFrom(time, this.#period.next(start), from, to);
      const hot = goesOn && stateRow < 0;
      stateRow = states.append(index, start);
      if (floats) {
        if (hot) this.#hot.copyFloats(index, states.floats, stateRow);
        foldFloats(states.floats, stateRow * floatStateWidth, time, values as Float64Array, from, end);
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
    this.#keepHot(index, states, stateRow);
  }

  #foldOthers(
    set: DerivatorSet,
    hot: DerivatorStates | undefined,
    points: Points,
    index: number,
    start: number,
  ): DerivatorStates {
    const failed = this.#failed(this.#table.at(index), start);
    const others = hot === undefined ? set.seed(failed) : set.copy(hot, failed);
    set.add(others, points, 0, points.time.length, failed);
    return others;
  }

  #failed(series: Series, start: number): OnFailure {
    const { label } = this.#period;
    return this.#failures?.at(() => ({ series, period: label, start })) ?? failHere;
  }
}

/** What so many groups have stays in the cache of the processor from when they are put in order until they are folded. */
const groupsAtOnce = 64;
