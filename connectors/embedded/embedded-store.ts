import { resolve } from "node:path";
import { scheduler } from "node:timers/promises";
import { newColumn, type Points } from "../../blocks/model/columns.ts";
import { layoutOf } from "../../blocks/model/data-type.ts";
import { matchesFilter } from "../../blocks/model/selector.ts";
import type { Series, Tagset } from "../../blocks/model/series.ts";
import type {
  ObservationsWrite,
  SeriesFilter,
  SeriesPlaces,
  SeriesRange,
  StateRows,
  StatesWrite,
  Store,
  StoreDeletes,
  StoreWrite,
} from "../../blocks/model/store.ts";
import { EngineError, sentenceOf } from "../../runtime/errors.ts";
import { Environment, type KeyValues, type Operation } from "./environment.ts";
import { FolderLock } from "./folder-lock.ts";
import { numberKey } from "./ordered-key.ts";
import { PeriodLevels, rawLevel } from "./period-levels.ts";
import { pointsOfRows, rowsOfPoints, rowsOfStates, statesOfRows } from "../../blocks/model/rows/rows.ts";
import { SeriesDictionary } from "./series-dictionary.ts";
import { TagIndex } from "./tag-index.ts";
import { NotCommittedYet, Tails } from "./tails.ts";
import { type ChunkLimits, Track } from "./track.ts";
import { TrackChanges } from "./track-changes.ts";
import type { TransactionPlan } from "./transaction-plan.ts";
import { wholeWrite, WriteQueue } from "./write-queue.ts";

export interface EmbeddedStoreOptions {
  /** Reads without owning the folder, also while an engine runs; what others write is seen from the next turn on. */
  readonly readOnly?: boolean;
  /** Most series that the folder holds; default 1,000,000. */
  readonly seriesMax?: number;
}

/**
 * Opens the store in a folder, which is made if need be.
 *
 * @throws {EngineError} `FOLDER_IN_USE`, `PATH_UNREADABLE`, `FORMAT_UNSUPPORTED`.
 */
export async function openEmbeddedStore(path: string, options: EmbeddedStoreOptions = {}): Promise<EmbeddedStore> {
  const folder = resolve(path);
  const { readOnly = false, seriesMax = 1_000_000 } = options;
  const lock = readOnly ? undefined : await FolderLock.acquireNew(folder);
  try {
    return new EmbeddedStore(await Environment.open({ path: folder, format: "store 1", readOnly }), lock, seriesMax);
  } catch (thrown) {
    await lock?.release();
    throw thrown;
  }
}

/**
 * A store in one folder of this machine: chunks of columns in lmdb.
 *
 * Writes are durable when they resolve. Those that arrive while a transaction is on its way are planned meanwhile, and share the
 * next one. Memory: the dictionary of series (`series_max`), up to 64 MiB of the last chunks of tracks, and two transactions of
 * 16 MiB. A write that takes more is durable when all of its transactions are.
 */
export class EmbeddedStore implements Store {
  readonly writesInOrder = true;
  readonly #environment: Environment;
  readonly #lock: FolderLock | undefined;
  readonly #chunks: KeyValues;
  readonly #tags: TagIndex;
  readonly #dictionary: SeriesDictionary;
  readonly #levels: PeriodLevels;
  readonly #tails = new Tails();
  readonly #writes: WriteQueue<StoreWrite>;
  #closed = false;

  constructor(environment: Environment, lock: FolderLock | undefined, seriesMax: number) {
    this.#environment = environment;
    this.#lock = lock;
    this.#chunks = environment.table("chunks");
    this.#tags = new TagIndex(environment);
    this.#dictionary = new SeriesDictionary(environment.table("series"), seriesMax);
    this.#levels = new PeriodLevels(environment.table("periods"));
    this.#writes = new WriteQueue({
      alone: ({ deletes }) => deletes !== undefined,
      plan: (write, from, plan) => this.#plan(write, from, plan),
      commit: (plan) => this.#commit(plan),
    });
  }

  get places(): SeriesPlaces {
    return this.#dictionary;
  }

  async newest(series: readonly Series[]): Promise<Float64Array> {
    return this.#reading(() =>
      Float64Array.from(series, (one) => this.#track(one, rawLevel)?.newest() ?? Number.NEGATIVE_INFINITY),
    );
  }

  async readObservations(ranges: readonly SeriesRange[]): Promise<Points[]> {
    return this.#reading(() =>
      ranges.map(({ series, from, to }) => {
        const rows = this.#track(series, rawLevel)?.read(from, to);
        if (rows !== undefined && rows.time.length > 0) return pointsOfRows(series.type, rows);
        return { time: new Float64Array(0), values: newColumn(layoutOf(series.type), 0) };
      }),
    );
  }

  async readStates(period: string, ranges: readonly SeriesRange[]): Promise<StateRows[]> {
    return this.#reading(() => {
      const level = this.#levelOf(period);
      return ranges.map(({ series, from, to }) => {
        const rows = level === undefined ? undefined : this.#track(series, level)?.read(from, to);
        return rows === undefined ? { start: new Float64Array(0) } : statesOfRows(rows);
      });
    });
  }

  async write(write: StoreWrite): Promise<void> {
    if (this.#closed || this.#lock === undefined) {
      const rule = this.#closed ? "it is closed" : "it was opened for reading only";
      throw new EngineError("STORE_FAILED", `Cannot write to the store as ${rule}`);
    }
    await this.#writes.add(write);
  }

  /** Looks at every series of the metric, or of the store, a slice a turn. */
  async find(filter: SeriesFilter): Promise<Series[]> {
    const found: Series[] = [];
    const candidates = this.#reading(() => this.#candidates(filter));
    const slice = filter.range === undefined ? findSlice.inMemory : findSlice.onDisk;
    for (;;) {
      const more = this.#reading(() => {
        for (let looked = 0; looked < slice; looked += 1) {
          const { value, done } = candidates.next();
          if (done === true) return false;
          if (value !== undefined) found.push(value);
        }
        return true;
      });
      if (!more) return found.sort((a, b) => order(a.canonical, b.canonical) || order(a.type, b.type));
      await scheduler.yield();
    }
  }

  /** One step a series that is looked at: the series where it matches, else undefined. */
  *#candidates(filter: SeriesFilter): Generator<Series | undefined, undefined, undefined> {
    if (this.#lock === undefined) this.#dictionary.refresh();
    const statics = filter.where === undefined ? undefined : this.#tags.staticTagsets();
    const inRange = filter.range === undefined ? undefined : this.#tags.touching(filter.range);
    for (const series of this.#dictionary.observed(filter.metric)) {
      const matches = matchesFilter(filter, series, statics?.get(series.metric));
      yield matches && (inRange?.(series.index) ?? true) ? series : undefined;
    }
    return undefined;
  }

  async staticTagsets(metrics?: readonly string[]): Promise<Map<string, Tagset>> {
    return this.#reading(() => this.#tags.staticTagsets(metrics));
  }

  /** Shards in which the series had data points, ascending: the tag index. */
  async shards(series: Series): Promise<string[]> {
    return this.#reading(() => {
      const id = this.#idOf(series);
      return id === undefined ? [] : this.#tags.shards(id);
    });
  }

  /** Publishes where the running engine answers queries. */
  async setAddress(address: string): Promise<void> {
    await this.#lock?.setAddress(address);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#writes.idle();
    await this.#environment.close();
    await this.#lock?.release();
  }

  #reading<T>(read: () => T): T {
    if (this.#closed) throw new EngineError("STORE_FAILED", "Cannot read from the store as it is closed");
    try {
      return read();
    } catch (thrown) {
      throw storeFailed("read from", thrown);
    }
  }

  #track(series: Series, level: number): Track | undefined {
    const id = this.#idOf(series);
    return id === undefined ? undefined : this.#trackOf(id, level);
  }

  #trackOf(id: number, level: number): Track {
    const tails = this.#lock === undefined ? undefined : this.#tails;
    return new Track(this.#chunks, id, level, level === rawLevel ? pointLimits : stateLimits, tails);
  }

  #idOf(series: Series): number | undefined {
    const id = this.#dictionary.idOf(series);
    if (id !== undefined || this.#lock !== undefined) return id;
    this.#dictionary.refresh();
    return this.#dictionary.idOf(series);
  }

  #levelOf(period: string): number | undefined {
    const level = this.#levels.levelOf(period);
    if (level !== undefined || this.#lock !== undefined) return level;
    this.#levels.refresh();
    return this.#levels.levelOf(period);
  }

  #plan(write: StoreWrite, from: number, plan: TransactionPlan): number | undefined {
    const before = plan.operations.length;
    this.#tails.begin();
    try {
      const part = write.deletes === undefined ? this.#planRows(write, from, plan) : wholeWrite;
      if (part !== wholeWrite) return part;
      if (write.deletes !== undefined) this.#planDeletion(write, write.deletes, plan);
      for (const { series, shard } of write.tags ?? []) {
        plan.add(this.#tags.note(this.#dictionary.intern(series), shard));
      }
      for (const { metric, tagset } of write.staticTagsets ?? []) plan.add(this.#tags.setStatic(metric, tagset));
      for (const series of write.deletes?.series ?? []) this.#planSeriesDeletion(series, plan);
      return wholeWrite;
    } catch (thrown) {
      plan.truncate(before);
      this.#tails.rollback();
      if (thrown instanceof NotCommittedYet) return undefined;
      throw storeFailed("write to", thrown);
    }
  }

  /** Parts are the observations of one series each, then the states of one series and period each. */
  #planRows({ observations = [], states = [] }: StoreWrite, from: number, plan: TransactionPlan): number {
    const parts = observations.length + states.length;
    for (let part = from; part < parts; part += 1) {
      if (plan.full && part > from) return part;
      const written = observations[part];
      if (written !== undefined) this.#planObservations(written, plan);
      else this.#planStates(states[part - observations.length] as StatesWrite, plan);
    }
    return wholeWrite;
  }

  #planObservations({ series, points }: ObservationsWrite, plan: TransactionPlan): void {
    if (points.time.length === 0) return;
    const id = this.#dictionary.intern(series);
    this.#dictionary.markObserved(id);
    this.#trackOf(id, rawLevel).write(rowsOfPoints(points), plan);
  }

  #planStates({ series, period, rows }: StatesWrite, plan: TransactionPlan): void {
    const id = this.#dictionary.intern(series);
    this.#trackOf(id, this.#levels.intern(period)).write(rowsOfStates(rows), plan);
  }

  /** Deletes and writes of one track are planned together, as both read what is committed. */
  #planDeletion(write: StoreWrite, deletes: StoreDeletes, plan: TransactionPlan): void {
    const changes = new TrackChanges(this.#dictionary, this.#levels);
    for (const one of deletes.observations ?? []) changes.remove(one, undefined);
    for (const one of deletes.states ?? []) changes.remove(one, one.period);
    for (const { series, points } of write.observations ?? []) {
      if (points.time.length > 0) this.#dictionary.markObserved(this.#dictionary.intern(series));
      changes.put(series, undefined, rowsOfPoints(points));
    }
    for (const { series, period, rows } of write.states ?? []) changes.put(series, period, rowsOfStates(rows));
    for (const { id, level, ranges, rows } of changes.all()) this.#trackOf(id, level).replace(ranges, rows, plan);
    for (const { series, shard } of deletes.tags ?? []) {
      const id = this.#dictionary.idOf(series);
      if (id !== undefined) plan.add({ ...this.#tags.note(id, shard), value: undefined });
    }
  }

  #planSeriesDeletion(series: Series, plan: TransactionPlan): void {
    const id = this.#dictionary.idOf(series);
    if (id === undefined) return;
    this.#dictionary.markDeleted(id);
    this.#tails.planUnknownSeries(id);
    for (const key of this.#chunks.getKeys({ start: numberKey(id), end: numberKey(id + 1) })) {
      plan.add({ table: this.#chunks, key, value: undefined });
    }
    for (const shard of this.#tags.shards(id)) plan.add({ ...this.#tags.note(id, shard), value: undefined });
  }

  async #commit({ operations }: TransactionPlan): Promise<void> {
    const series = this.#dictionary.takeUnsaved();
    const levels = this.#levels.takeUnsaved();
    this.#tails.submitted();
    try {
      const named: Operation[] = [];
      for (const operation of series.operations) {
        if (named.push(operation) === namedAtOnce) await this.#environment.commit(named.splice(0));
      }
      await this.#environment.commit([...named, ...levels.operations, ...operations]);
    } catch (thrown) {
      this.#tails.failed();
      series.failed();
      levels.failed();
      throw thrown;
    }
    this.#tails.settled();
  }
}

/** Of more series that are new at once the first ones are written before. */
const namedAtOnce = 8_192;

/** Series that are looked at before others get their turn, some milliseconds: the shards of each are a look at the disk. */
const findSlice = { inMemory: 8_192, onDisk: 256 };

/**
 * 1,020 rows of 16 bytes and their headers fill 4 pages of 4 KiB; 256 rows are the least that fill pages well. Each append to a
 * small chunk writes it again, so 256 also bounds what one point a second costs: 2 KiB on average.
 */
const pointLimits: ChunkLimits = {
  joinRows: 256,
  joinBytes: 32 * 1024,
  cutRows: 1020,
  cutBytes: 256 * 1024,
  splitRows: 2040,
  splitBytes: 512 * 1024,
};

/** Smaller, because the newest bucket is written again at every flush. */
const stateLimits: ChunkLimits = {
  joinRows: 64,
  joinBytes: 16 * 1024,
  cutRows: 256,
  cutBytes: 128 * 1024,
  splitRows: 512,
  splitBytes: 256 * 1024,
};

const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

function storeFailed(action: string, thrown: unknown): Error {
  if (thrown instanceof EngineError && thrown.code === "STORE_FAILED") return thrown;
  return new EngineError("STORE_FAILED", `Cannot ${action} the store as it failed: ${sentenceOf(thrown)}`, {
    cause: thrown,
    retryable: thrown instanceof EngineError && thrown.retryable,
  });
}
