import { floatStateWidth } from "../derivators/float-state.ts";
import type { Points } from "../model/columns.ts";
import type { Period } from "../model/period.ts";
import type { Series } from "../model/series.ts";
import type { SeriesFilter, StateRows, StatesWrite, Store } from "../model/store.ts";
import { timestampMin } from "../model/timestamp.ts";
import { bucketResults } from "../rollup/aggregations.ts";
import type { DerivatorFailures, OnFailure } from "../rollup/derivator-failures.ts";
import type { DerivatorSet, DerivatorSets, DerivatorStates } from "../rollup/derivator-set.ts";
import { lowerBound } from "../rollup/merge-points.ts";
import { StateTable } from "../rollup/state-table.ts";
import { type BackfillUnit, unitsOf, windowEnd } from "./backfill-units.ts";

export interface BackfillRequest {
  readonly filter: SeriesFilter;
  /** Half-open, ms since the epoch. Every bucket of the last period that touches it is filled, with all that it is made of. */
  readonly from: number;
  readonly to: number;
  /** Most data points that are read at a time; at least one bucket of the first period is. */
  readonly pointsMax: number;
  /** Where the piece before this one ended; absent: at the beginning. */
  readonly after?: BackfillPlace | undefined;
}

/** All series before this one are filled, and of this one all before `time`. */
export interface BackfillPlace {
  readonly series: string;
  readonly type: string;
  /** Ms since the epoch. */
  readonly time: number;
}

/** What a store keeps, and what is to be added. */
export interface BackfillContext {
  /** Periods that are made one from the other, from fine to coarse. */
  readonly chains: readonly (readonly Period[])[];
  /** All derivators that the store keeps. */
  readonly sets: DerivatorSets;
  /** Those that are computed: some of `sets`. */
  readonly wanted: DerivatorSets;
  /** Takes what they fail at: the bucket then has no value. */
  readonly failures: DerivatorFailures;
  /** Whether the piece should end: asked after each write, and before each series. */
  readonly isOver: () => boolean;
}

/** What one piece did. */
export interface BackfillPiece {
  /** Series that match and are of a type that the derivators are for. */
  readonly series: number;
  /** Those of them that are filled by now. */
  readonly seriesDone: number;
  /** Data points that were read. */
  readonly points: number;
  /** Buckets that were written, by period. */
  readonly buckets: Readonly<Record<string, number>>;
  /** Where the next piece begins; absent: nothing is left. */
  readonly next?: BackfillPlace | undefined;
}

/**
 * Computes derivators over stored observations, and adds them to the stored buckets, at every period: what a bucket has then is
 * what it would have if they had been computed from the beginning, to the last bit. It makes no bucket, and changes nothing else of
 * one.
 *
 * Nobody else may write these series meanwhile; between two pieces anybody may. A bucket is written after all that it is made of,
 * so what was interrupted can be repeated.
 *
 * Memory: `pointsMax` data points with their buckets, or one bucket of the first period; and the names of the series.
 *
 * @throws {EngineError} `STORE_FAILED`.
 */
export async function backfillPiece(
  store: Store,
  request: BackfillRequest,
  context: BackfillContext,
): Promise<BackfillPiece> {
  const { after } = request;
  const matching = (await store.find(request.filter)).filter(({ type }) => !context.wanted.of(type).empty);
  const first = after === undefined ? 0 : matching.findIndex((one) => order(one, after) >= 0);
  const batch = new Batch(store, context);
  const piece = (seriesDone: number, next?: BackfillPlace): BackfillPiece => {
    return { series: matching.length, seriesDone, points: batch.pointsRead, buckets: batch.written, next };
  };
  for (let index = first; index >= 0 && index < matching.length; index += 1) {
    const series = matching[index] as Series;
    const resumed = after !== undefined && order(series, after) === 0 ? after.time : timestampMin;
    let place = placeIn(series, resumed);
    if (index > first && context.isOver()) {
      await batch.write();
      return piece(index, place);
    }
    const chain = await chainOf(store, series, context.chains);
    const top = chain?.at(-1);
    if (chain === undefined || top === undefined) continue;
    const range = { from: top.start(request.from), to: top.next(top.start(request.to - 1)) };
    const options = { store, sets: context.sets, pointsMax: request.pointsMax };
    for await (const unit of unitsOf(options, series, chain, range, resumed)) {
      // A bucket that was cut is made again together with the last of its parts: a piece does not end between them.
      const isFull = unit.points > 0 && batch.points + unit.points > request.pointsMax;
      if (batch.points > 0 && (isFull || batch.chain !== chain)) {
        await batch.write();
        if (context.isOver()) return piece(index, place);
      }
      batch.add(unit);
      place = placeIn(series, unit.to);
    }
  }
  await batch.write();
  return piece(matching.length);
}

const placeIn = ({ canonical, type }: Series, time: number): BackfillPlace => ({ series: canonical, type, time });

function order({ canonical, type }: Series, place: BackfillPlace): number {
  if (canonical !== place.series) return canonical < place.series ? -1 : 1;
  return type < place.type ? -1 : Number(type > place.type);
}

/** The periods that a series is rolled up to: of several chains the one that its newest buckets are of. */
async function chainOf(
  store: Store,
  series: Series,
  chains: BackfillContext["chains"],
): Promise<readonly Period[] | undefined> {
  if (chains.length < 2) return chains[0];
  const [newest = Number.NEGATIVE_INFINITY] = await store.newest([series]);
  let best: { readonly chain: readonly Period[]; readonly found: number } | undefined;
  for (const chain of newest === Number.NEGATIVE_INFINITY ? [] : chains) {
    let found = 0;
    for (const period of chain) {
      const from = period.start(newest);
      const [rows] = await store.readStates(period.key, [{ series, from, to: from + 1 }]);
      if (rows !== undefined && rows.start.length > 0) found += 1;
    }
    if (found === chain.length && found > (best?.found ?? 0)) best = { chain, found };
  }
  return best?.chain;
}

/** Units of one chain that are filled together, a write a period. */
class Batch {
  readonly #store: Store;
  readonly #context: BackfillContext;
  #units: BackfillUnit[] = [];
  points = 0;
  pointsRead = 0;
  readonly written: Record<string, number> = {};

  constructor(store: Store, context: BackfillContext) {
    this.#store = store;
    this.#context = context;
  }

  get chain(): readonly Period[] | undefined {
    return this.#units[0]?.chain;
  }

  add(unit: BackfillUnit): void {
    this.#units.push(unit);
    this.points += unit.points;
  }

  async write(): Promise<void> {
    const units = this.#units;
    this.#units = [];
    this.points = 0;
    const levels = units.reduce((count, { level }) => Math.max(count, level + 1), 0);
    for (let level = 0; level < levels; level += 1) {
      const atLevel = units.filter(({ lowest, level: highest }) => lowest <= level && level <= highest);
      const [first] = atLevel;
      if (first !== undefined) await this.#fill(atLevel, first.chain, level);
    }
  }

  async #fill(units: readonly BackfillUnit[], chain: readonly Period[], level: number): Promise<void> {
    const period = chain[level] as Period;
    const finer = chain[level - 1];
    const stored = await this.#store.readStates(period.key, units);
    const fresh =
      finer === undefined ? await this.#folded(units, stored, period) : await this.#merged(units, period, finer);
    const revisions = await this.#store.stateRevisions?.(period.key, units);
    const bySeries = new Map<Series, FilledRows>();
    units.forEach(({ series }, place) => {
      const rows = bySeries.get(series) ?? new FilledRows(series, period, this.#context);
      bySeries.set(series, rows);
      rows.add(stored[place] as StateRows, fresh[place] as FreshStates, revisions?.[place]);
    });
    const filled = [...bySeries.values()].filter(({ length }) => length > 0);
    await Promise.all(filled.map((rows) => rows.settle()));
    await this.#store.write({ states: filled.map((rows) => rows.write()) });
    this.written[period.label] ??= 0;
    for (const { length } of filled) this.written[period.label] = (this.written[period.label] as number) + length;
  }

  async #folded(
    units: readonly BackfillUnit[],
    stored: readonly StateRows[],
    period: Period,
  ): Promise<readonly FreshStates[]> {
    const points = await this.#store.readObservations(units);
    return units.map(({ series }, place) => {
      const ofUnit = points[place] as Points;
      this.pointsRead += ofUnit.time.length;
      const set = this.#context.wanted.of(series.type);
      const fresh: FreshStates = new Map();
      for (const start of (stored[place] as StateRows).start) {
        const from = lowerBound(ofUnit.time, start);
        const to = lowerBound(ofUnit.time, period.next(start), from);
        // Whose observations are gone stays as it is.
        if (from === to) continue;
        const failed = this.#context.failures.at(() => ({ series, period: period.label, start }));
        const states = set.seed(failed);
        set.add(states, ofUnit, from, to, failed);
        fresh.set(start, states);
      }
      return fresh;
    });
  }

  async #merged(units: readonly BackfillUnit[], period: Period, finer: Period): Promise<readonly FreshStates[]> {
    const fresh: FreshStates[] = units.map(() => new Map());
    const merge = (place: number, { start, bytes }: StateRows) => {
      const { series } = units[place] as BackfillUnit;
      const set = this.#context.wanted.of(series.type);
      const into = fresh[place] as FreshStates;
      start.forEach((finerStart, row) => {
        const bucket = period.start(finerStart);
        const failed = this.#context.failures.at(() => ({ series, period: period.label, start: bucket }));
        const states = into.get(bucket) ?? set.seed(failed);
        set.merge(states, set.decode(bytes?.[row] ?? new Uint8Array(0), failed), failed);
        into.set(bucket, states);
      });
    };
    // Those that were not cut have few data points, and so few finer buckets: they are read at once, the others in windows.
    const whole = units.flatMap(({ lowest }, place) => (lowest === 0 ? [place] : []));
    const read = await this.#store.readStates(
      finer.key,
      whole.map((place) => units[place] as BackfillUnit),
    );
    for (const [index, place] of whole.entries()) merge(place, read[index] as StateRows);
    for (const [place, unit] of units.entries()) {
      for (let from = unit.from; unit.lowest > 0 && from < unit.to; ) {
        const to = Math.min(unit.to, windowEnd(from, finer));
        const [rows] = await this.#store.readStates(finer.key, [{ series: unit.series, from, to }]);
        merge(place, rows as StateRows);
        from = to;
      }
    }
    return fresh;
  }
}

/** By start of the bucket: the states of the wanted derivators. */
type FreshStates = Map<number, DerivatorStates>;

/** The stored buckets of one series and period, with new states of some derivators. */
class FilledRows {
  readonly #series: Series;
  readonly #period: Period;
  readonly #all: DerivatorSet;
  readonly #wanted: DerivatorSet;
  readonly #context: BackfillContext;
  readonly #table = new StateTable(16);
  readonly #revisions: number[] = [];

  constructor(series: Series, period: Period, context: BackfillContext) {
    this.#series = series;
    this.#period = period;
    this.#all = context.sets.of(series.type);
    this.#wanted = context.wanted.of(series.type);
    this.#context = context;
  }

  get length(): number {
    return this.#table.length;
  }

  /** @param revisions What the stored rows are as of, where the store goes by that. */
  add({ start, floats, bytes }: StateRows, fresh: FreshStates, revisions?: ReadonlyMap<number, number>): void {
    for (const [row, at] of start.entries()) {
      const states = fresh.get(at);
      if (states === undefined) continue;
      const others = this.#all.decode(bytes?.[row] ?? new Uint8Array(0), this.#failedAt(at));
      for (const { name } of this.#wanted.derivators) {
        others[this.#all.placeOf(name) as number] = states[this.#wanted.placeOf(name) as number];
      }
      const place = this.#table.append(this.#series.index, at, others);
      // As of the same input and more of the graph: over what is stored, and under whatever the next record makes.
      if (revisions !== undefined) this.#revisions.push((revisions.get(at) ?? 0) + 1);
      if (floats === undefined) continue;
      const from = row * floatStateWidth;
      this.#table.floats.set(floats.subarray(from, from + floatStateWidth), place * floatStateWidth);
    }
  }

  /** Waits for the states that are computed in other threads. */
  async settle(): Promise<void> {
    const { others, start } = this.#table;
    const settling = others.map((states = [], row) =>
      this.#all.settle(states, undefined, this.#failedAt(start[row] as number)),
    );
    await Promise.all(settling.filter((one) => one !== undefined));
  }

  write(): StatesWrite {
    const failed = this.#failedAt(this.#table.start[0] as number);
    const rows = this.#table.rows(0, this.#table.length, this.#series, this.#all, failed);
    const results = (row: number) => bucketResults(this.#table, row, this.#series, this.#period, this.#all, failed);
    const revisions = this.#revisions.length === 0 ? undefined : Float64Array.from(this.#revisions);
    return { series: this.#series, period: this.#period.key, rows, results, ...(revisions && { revisions }) };
  }

  #failedAt(start: number): OnFailure {
    return this.#context.failures.at(() => ({ series: this.#series, period: this.#period.label, start }));
  }
}
