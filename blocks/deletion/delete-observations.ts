import { type BucketState, bucketsOfPoints, bucketsOfStates } from "../query/bucket-state.ts";
import { layoutOf } from "../model/data-type.ts";
import type { Period } from "../model/period.ts";
import type { Series } from "../model/series.ts";
import type { SeriesFilter, SeriesRange, StateRows, Store } from "../model/store.ts";
import { timestampMax, timestampMin } from "../model/timestamp.ts";
import { floatStateWidth } from "../derivators/float-state.ts";
import type { DerivatorSet, DerivatorSets } from "../rollup/derivator-set.ts";
import { joinedPoints } from "../rollup/merge-points.ts";

export interface DeletionRequest {
  readonly filter: SeriesFilter;
  /** Half-open, apart, ms since the epoch; absent: the series as a whole. */
  readonly ranges?: readonly { readonly from: number; readonly to: number }[] | undefined;
}

/** What the blocks that write a store keep of it. */
export interface StoredRollups {
  /** Periods that are made one from the other, from fine to coarse. */
  readonly chains: readonly (readonly Period[])[];
  readonly sets: DerivatorSets;
}

/**
 * Takes observations, or whole series, out of a store, and recomputes every bucket that held them, at every period: what is left
 * is what the remaining observations alone would have given, to the last bit. A bucket without observations is gone.
 *
 * Nobody else may write these series meanwhile. Each range of a series is one write: after a failure the same deletion can be
 * asked for again. It reads at most two buckets a period, whatever the length of the range.
 *
 * The tag index still names the shards of observations that were deleted by range; it forgets a series that was deleted as a whole.
 *
 * @returns The series that match.
 * @throws {EngineError} `STORE_FAILED`.
 */
export async function deleteObservations(
  store: Store,
  { filter, ranges }: DeletionRequest,
  kept: StoredRollups,
): Promise<Series[]> {
  const found = await store.find(filter);
  for (const series of found) {
    if (ranges === undefined) await store.write({ deletes: { series: [series] } });
    for (const { from, to } of ranges ?? []) {
      const range = { series, from: Math.max(from, timestampMin), to: Math.min(to, timestampMax + 1) };
      if (range.from < range.to) await deleteRange(store, range, kept);
    }
  }
  return found;
}

/** The buckets of one period that a deletion touches, and what is left of those at its ends. */
interface Touched {
  readonly period: Period;
  /** Starts from `from` up to `to`. */
  readonly from: number;
  readonly to: number;
  /** Starts of those of which nothing is left, half-open; apart from `rows`, so that a write that was lost in part can be repeated. */
  readonly gone: { readonly from: number; readonly to: number };
  /** Ascending; at most two, as those between have nothing left. */
  readonly rows: StateRows;
}

async function deleteRange(store: Store, range: SeriesRange, { chains, sets }: StoredRollups): Promise<void> {
  const { series } = range;
  const set = sets.of(series.type);
  const touched = new Map<string, Touched>();
  for (const chain of chains) {
    let finer: Touched | undefined;
    for (const period of chain) {
      const known = touched.get(period.key);
      const level: Touched = known ?? (await touchedOf(store, range, period, finer, set));
      touched.set(period.key, level);
      finer = level;
    }
  }
  const levels = [...touched.values()];
  await store.write({
    deletes: {
      observations: [range],
      states: levels.map(({ period, gone }) => ({ series, period: period.key, ...gone })),
    },
    states: levels.flatMap(({ period, rows }) =>
      rows.start.length === 0 ? [] : [{ series, period: period.key, rows }],
    ),
  });
}

async function touchedOf(
  store: Store,
  { series, from, to }: SeriesRange,
  period: Period,
  finer: Touched | undefined,
  set: DerivatorSet,
): Promise<Touched> {
  const first = period.start(from);
  const last = period.start(to - 1);
  const end = period.next(last);
  const borders = [first, last].filter(
    (start, index) => (start < from || period.next(start) > to) && (index === 0 || last !== first),
  );
  const rows: StateRows[] = [];
  const gone = { from: first, to: end };
  for (const start of borders) {
    const bucket = { series, from: start, to: period.next(start) };
    // A bucket that is not stored is of a series that other blocks write.
    const [stored] = await store.readStates(period.key, [{ ...bucket, to: start + 1 }]);
    if (stored === undefined || stored.start.length === 0) continue;
    const left =
      finer === undefined
        ? await leftOfPoints(store, bucket, { from, to }, period, set)
        : await leftOfStates(store, bucket, finer, period, set);
    if (left === undefined) continue;
    await set.settle(left.others, undefined);
    rows.push(rowOf(start, left, series, set));
    if (start === last) gone.to = start;
    else gone.from = period.next(start);
  }
  return { period, from: first, to: end, gone, rows: joinedRows(rows) };
}

async function leftOfPoints(
  store: Store,
  { series, from, to }: SeriesRange,
  gone: { readonly from: number; readonly to: number },
  period: Period,
  set: DerivatorSet,
): Promise<BucketState | undefined> {
  const parts = await store.readObservations([
    { series, from, to: Math.min(gone.from, to) },
    { series, from: Math.max(gone.to, from), to },
  ]);
  const [bucket] = bucketsOfPoints(joinedPoints(parts), series.type, period, set);
  return bucket?.state;
}

async function leftOfStates(
  store: Store,
  { series, from, to }: SeriesRange,
  finer: Touched,
  period: Period,
  set: DerivatorSet,
): Promise<BucketState | undefined> {
  const [before, after] = await store.readStates(finer.period.key, [
    { series, from, to: Math.min(finer.from, to) },
    { series, from: Math.max(finer.to, from), to },
  ]);
  const within = rowsWithin(finer.rows, from, to);
  const rows = [before, within, after].filter((part) => part !== undefined && part.start.length > 0);
  const [bucket] = bucketsOfStates(joinedRows(rows as StateRows[]), period, set);
  return bucket?.state;
}

function rowOf(start: number, { floats, others }: BucketState, series: Series, set: DerivatorSet): StateRows {
  return {
    start: Float64Array.of(start),
    ...(layoutOf(series.type) === "float" && { floats }),
    ...(!set.empty && { bytes: [set.encode(others)] }),
  };
}

function rowsWithin({ start, floats, bytes }: StateRows, from: number, to: number): StateRows {
  const low = start.findIndex((at) => at >= from);
  const count = start.filter((at) => at >= from && at < to).length;
  if (count === 0) return { start: new Float64Array(0) };
  return {
    start: start.subarray(low, low + count),
    ...(floats && { floats: floats.subarray(low * floatStateWidth, (low + count) * floatStateWidth) }),
    ...(bytes && { bytes: bytes.slice(low, low + count) }),
  };
}

/** One after the other; where a part lacks numbers or bytes, its buckets have none. */
function joinedRows(parts: readonly StateRows[]): StateRows {
  const start = Float64Array.from(parts.flatMap((part) => [...part.start]));
  const noFloats = ({ length }: Float64Array) => new Array<number>(length * floatStateWidth).fill(Number.NaN);
  const hasFloats = parts.some(({ floats }) => floats !== undefined);
  const hasBytes = parts.some(({ bytes }) => bytes !== undefined);
  return {
    start,
    ...(hasFloats && {
      floats: Float64Array.from(parts.flatMap((part) => [...(part.floats ?? noFloats(part.start))])),
    }),
    ...(hasBytes && {
      bytes: parts.flatMap((part) => part.bytes ?? [...part.start].map(() => new Uint8Array(0))),
    }),
  };
}
