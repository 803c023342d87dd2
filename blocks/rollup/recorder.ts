import type { Layout } from "../model/data-type.ts";
import type { Period } from "../model/period.ts";
import type { SeriesTable } from "../model/series.ts";
import type { ObservationsWrite, Store } from "../model/store.ts";
import { BucketFolder } from "./bucket-folder.ts";
import type { DerivatorFailures } from "./derivator-failures.ts";
import type { DerivatorSets } from "./derivator-set.ts";
import { GatheredRows, type RowBatch } from "./gathered-rows.ts";
import { type GroupedRows, groupedInKernel, isLarge, partsOf, SeriesGrouper } from "./group-by-series.ts";
import { GroupWrite } from "./group-write.ts";
import { HotPoints } from "./hot-points.ts";
import { HotStates } from "./hot-states.ts";
import { sharedKernels } from "./kernel/kernel-pool.ts";
import { SeriesNumbers } from "./series-numbers.ts";
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

/** How far a recording has come; one that has failed has come to its end. */
class Recorded {
  /** Resolves when all of it is folded. */
  readonly folded: Promise<unknown>;
  isFolded = false;
  /** Resolves when all of it is durable, and states that are computed in other threads have arrived. */
  readonly done: Promise<unknown>;
  isDone = false;

  constructor(whole: Promise<Pick<Recording, "written" | "settled">>) {
    const ignore = () => {};
    this.folded = whole.catch(ignore).then(() => {
      this.isFolded = true;
    });
    this.done = whole
      .then(({ written, settled }) => Promise.all([written, settled]))
      .catch(ignore)
      .then(() => {
        this.isDone = true;
      });
  }
}

const nothing: Recorded = { folded: Promise.resolve(), isFolded: true, done: Promise.resolve(), isDone: true };

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
 * Stores raw observations and computes the states of their first-period buckets, one recording after the other, as far as the
 * store lets them overlap.
 *
 * A batch of very many series is recorded in parts, so that what follows from it is never in memory as a whole.
 *
 * Memory: one hot bucket per series, forgotten as a whole once more than `hotSeriesMax` series have one, and 16 raw points for
 * each of so many series, forgotten as a whole once there are more; both are read back on need.
 */
export class Recorder {
  readonly #table: SeriesTable;
  readonly #store: Store;
  /** Absent where there is no first period. */
  readonly #folder: BucketFolder | undefined;
  readonly #hot: HotStates;
  readonly #hotPoints: HotPoints;
  /** Taken in turns, as the store copies what was grouped while the next rows are. */
  readonly #groupers = [new SeriesGrouper(), new SeriesGrouper()] as const;
  readonly #kernelRows: number | undefined;
  #turn: 0 | 1 = 0;
  /** The last recording had very many series: what overlaps with such a one would be too much in memory. */
  #large = false;
  readonly #partSeriesMax: number | undefined;
  readonly #revisions = new WriteRevisions();
  #statesExpected = 0;
  /** Resolves when no recording has states elsewhere any more; absent where none has. */
  #settled: Promise<void> | undefined;
  /** Resolves when the last recording is durable, or has failed. */
  #durable: Promise<unknown> = Promise.resolve();
  /** The last recording but one, and the last one. */
  #latest: readonly [Recorded, Recorded] = [nothing, nothing];

  constructor(given: {
    table: SeriesTable;
    store: Store;
    period: Period | undefined;
    sets: DerivatorSets;
    hotSeriesMax: number;
    /** Takes what derivators fail at; absent: the recording fails with them. */
    failures?: DerivatorFailures;
    /** See `GatheredRows`. */
    kernelRows?: number;
    /** Series of a part at most. Default: all of a batch of up to 8,192, or else 2,048. */
    partSeriesMax?: number;
  }) {
    this.#kernelRows = given.kernelRows;
    this.#table = given.table;
    this.#store = given.store;
    this.#hot = new HotStates(given.hotSeriesMax);
    this.#hotPoints = new HotPoints(hotPointsOfSeries * given.hotSeriesMax);
    const { period, failures } = given;
    const parts = { ...given, hot: this.#hot, hotPoints: this.#hotPoints };
    this.#folder = period && new BucketFolder({ ...parts, period, failures });
    this.#partSeriesMax = given.partSeriesMax;
  }

  /** Recordings that may be asked for before the first of them is durable, so that none waits. */
  get recordingsMax(): number {
    return this.#store.writesInOrder === true && !this.#large ? 2 : 1;
  }

  /** For the rows of who wants to record. */
  newGathering(): GatheredRows {
    return new GatheredRows(this.#table, () => this.#hotPoints.longest, sharedKernels, this.#kernelRows);
  }

  /**
   * Records the rows of a batch, which is used up, once the recordings before it are durable, or, where writes count in
   * order, folded: then it waits for the last one where it reads back, which would lack its points, and for the one before in
   * any case, as it writes again the columns that the store was given and heavy derivators take, which have copied them by then.
   *
   * @throws {EngineError} of the store.
   */
  record(rows: RowBatch): Promise<Recording> {
    const [lastButOne, last] = this.#latest;
    const durable = this.#durable;
    const overlaps = this.recordingsMax > 1;
    const mayBegin = overlaps ? last.isFolded && lastButOne.isDone : last.isDone;
    const begin = overlaps ? Promise.all([last.folded, lastButOne.done]) : last.done;
    let ended: Batch["ended"] = () => {};
    const whole = new Promise<Recording>((resolve) => {
      ended = resolve;
    });
    const start = async () => {
      if (overlaps) this.#turn = this.#turn === 0 ? 1 : 0;
      const grouped = this.#grouped(rows);
      const groups = grouped.reduce((sum, { length }) => sum + length, 0);
      this.#large = isLarge(groups);
      const revisionOf = this.#revisions.next([...rows.chunks, ...rows.taken]);
      return this.#recordPart({
        parts: partsOf(grouped, this.#partSeriesMax ?? (groups > wholeSeriesMax ? partSeriesMax : groups)),
        revisionOf,
        before: durable,
        ...{ written: [], done: [] },
        ended,
      });
    };
    const first = mayBegin ? start() : begin.then(start);
    first.catch(() => ended(first));
    this.#durable = whole.then(({ written }) => written).catch(() => {});
    const recorded = new Recorded(whole);
    this.#latest = [last, recorded];
    const { kernel } = rows;
    if (kernel !== undefined) {
      const give = () => sharedKernels.give(kernel);
      recorded.done.then(give, give);
    }
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
    // Nothing is waited for without need: the rows are at hand in the cache of the processor.
    const unknown = this.#withoutNewest(grouped);
    if (unknown.length > 0) await this.#learnNewest(unknown, before);
    const newestBefore = this.#newestOf(grouped);
    const states = new StateTable(16 + this.#statesExpected);
    const folder = this.#folder;
    if (folder === undefined) for (const groups of grouped) groups.orderUntil(groups.length);
    const folding = folder?.fold(grouped, states, before);
    if (folding !== undefined) await folding;
    const observations: ObservationsWrite[] = [];
    for (const groups of grouped) {
      for (let place = 0; place < groups.length; place += 1) {
        const series = groups.series[place] as number;
        observations.push(new GroupWrite(this.#table.at(series), groups, place, revisionOf(series)));
        // A fold has noted it while the rows were at hand.
        if (folder === undefined) this.#hot.sawUntil(series, groups.newest(place));
      }
    }
    // With some room, as a table that has to grow is copied.
    this.#statesExpected = states.length + (states.length >>> 2);
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
    const settling = this.#folder?.settle(states);
    if (settling === undefined && this.#settled === undefined) return undefined;
    const settled = Promise.all([this.#settled, settling]).then(() => {
      if (this.#settled === settled) this.#settled = undefined;
    });
    // It may fail before its turn comes to be heard.
    settled.catch(() => {});
    this.#settled = settled;
    return settled;
  }

  #grouped({ chunks, kernel }: RowBatch): GroupedRows[] {
    const grouped = kernel === undefined ? [] : [groupedInKernel(kernel, this.#hotPoints)];
    const grouper = this.#groupers[this.#turn];
    for (const layout of ["float", "long", "boxed"] as const satisfies readonly Layout[]) {
      const ofLayout = chunks.filter((chunk) => chunk.layout === layout);
      if (ofLayout.length === 0) continue;
      grouped.push(grouper.group(ofLayout, layout, this.#table.size, this.#hotPoints));
    }
    return grouped;
  }

  #withoutNewest(grouped: readonly GroupedRows[]): number[] {
    const unknown: number[] = [];
    for (const { series, length } of grouped) {
      for (let place = 0; place < length; place += 1) {
        const index = series[place] as number;
        if (!this.#hot.knowsNewest(index)) unknown.push(index);
      }
    }
    return unknown;
  }

  async #learnNewest(unknown: readonly number[], before: Promise<unknown>): Promise<void> {
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
      all.set(series.subarray(0, length), at);
      at += length;
    }
    this.#hot.copyNewest(all, newest);
    return new SeriesNumbers(all, newest);
  }
}

/** Tables of so many states, and what is written for them, take some 10 MB. */
const wholeSeriesMax = 8_192;

/** Of a batch of more series; while one part is written, the next is folded, and what follows from the last is on its way. */
const partSeriesMax = 2_048;

/** Raw points that are kept for each series of `hotSeriesMax`, on average. */
const hotPointsOfSeries = 16;
