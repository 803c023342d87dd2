import type { Points } from "./columns.ts";
import type { Series, Tagset } from "./series.ts";
import type { TagCondition } from "./tag-condition.ts";

/** Data points, or buckets by their start, of one series in `[from, to)`, ms since the epoch. */
export interface SeriesRange {
  readonly series: Series;
  readonly from: number;
  readonly to: number;
}

/**
 * States of the buckets of one series and period, ascending and unique by start.
 * Row `i` is the bucket that starts at `start[i]`.
 */
export interface StateRows {
  /** Start of each bucket, ms since the epoch. */
  readonly start: Float64Array;
  /** `floatStateWidth` numbers a bucket (see `blocks/derivators/float-state.ts`); only for series of layout `float`. */
  readonly floats?: Float64Array;
  /** One encoded state map a bucket; the derivators that are not in `floats`. */
  readonly bytes?: readonly Uint8Array[];
}

/** What a write takes away. Anything of it that is not there is no fault. */
export interface StoreDeletes {
  /** Observations whose timestamps lie in the ranges. */
  readonly observations?: readonly SeriesRange[];
  /** Buckets whose *start* lies in the ranges. */
  readonly states?: readonly (SeriesRange & { readonly period: string })[];
  /** Entries of the tag index. */
  readonly tags?: readonly { readonly series: Series; readonly shard: string }[];
  /**
   * All of these series: observations, buckets of every period and tags. `find` has them no more until they are written again.
   * None of them may stand anywhere else in the write.
   */
  readonly series?: readonly Series[];
}

/** Observations of one series to be written. */
export interface ObservationsWrite extends Revised {
  readonly series: Series;
  /** May be made anew at each look, so look once. They are written over once the write has resolved: copy what is kept. */
  readonly points: Points;
}

/** What a derivator gives for a bucket. */
export interface BucketResult {
  readonly derivator: string;
  /** Of the value; `date_<type>` where it is `{datetime, value}`. */
  readonly type: string;
  readonly value: unknown;
}

/** States of one series and period to be written; those of all periods of a series have one revision. */
export interface StatesWrite extends Revised {
  readonly series: Series;
  readonly period: string;
  readonly rows: StateRows;
  /** What each row is as of, where they differ: instead of the revision of the write. */
  readonly revisions?: Float64Array;
  /** The results of a row, for stores that keep them readable beside the state. Asked while the write is under way, or never. */
  results?(row: number): readonly BucketResult[];
}

/** Rows of one series. */
export interface Revised {
  /**
   * What they are as of: µs since the epoch, whole. Of two writes of one key the one with the higher revision stands, in whatever
   * order they reach the store. Absent: the later one stands. A store that has one owner and so takes writes one after the other
   * may go by their order alone, which is the same there.
   */
  readonly revision?: number | undefined;
}

export interface StoreWrite {
  /** Taken away before anything else of the same write is stored. */
  readonly deletes?: StoreDeletes;
  /** At most one entry a series. A point whose timestamp is stored replaces it. */
  readonly observations?: readonly ObservationsWrite[];
  /** At most one entry a series and period. A bucket that is stored is replaced. */
  readonly states?: readonly StatesWrite[];
  /** The series had data points in the shard: feeds the tag index. */
  readonly tags?: readonly { readonly series: Series; readonly shard: string }[];
  /** Static tagsets, each whole: it replaces the one that is stored, and an empty one removes it. */
  readonly staticTagsets?: readonly { readonly metric: string; readonly tagset: Tagset }[];
}

/** Which series to find. */
export interface SeriesFilter {
  /** Exact name; absent: any metric. */
  readonly metric?: string;
  /** Tags that the dynamic tagset must have, exactly; other tags may be there too. */
  readonly tags: ReadonlyMap<string, string>;
  /** What must hold of the dynamic tagset and the static one of the metric, taken together. */
  readonly where?: TagCondition;
  /**
   * Only series that `tags` noted in a shard that this touches: `[from, to)`, ms since the epoch. As fine as the shards are, and
   * blind for series that no tag block sees.
   */
  readonly range?: { readonly from: number; readonly to: number };
}

/** The series that a store or a buffer has room for. Whoever writes a series that may be new asks for its place first. */
export interface SeriesPlaces {
  readonly max: number;
  /** @returns whether the series has a place, from now on if need be; false where none is left. */
  take(series: Series): boolean;
}

/**
 * Where observations, rollups and tags come to rest. Keyed writes: (series, timestamp) and (series, period, bucket); the last
 * write of a key stands. One writer per series; any number of readers.
 *
 * The store keeps `Series` objects of any table apart by (canonical, type), never by index.
 * All failures are `EngineError`s with code `STORE_FAILED`, and `retryable` says whether to try again.
 */
export interface Store {
  /**
   * Writes come to count in the order of their calls, also where an earlier one is not durable yet: who writes may go on before
   * it is. Absent: who writes a key again waits until the first write is durable.
   */
  readonly writesInOrder?: true;
  /** Where it holds so many series and no more. Absent: any number. */
  readonly places?: SeriesPlaces;
  /** Timestamp of the newest stored observation of each series, in the same order; `-Infinity` where there is none. */
  newest(series: readonly Series[]): Promise<Float64Array>;
  /** One result per range, in the same order; empty where nothing is stored. */
  readObservations(ranges: readonly SeriesRange[]): Promise<Points[]>;
  /** One result per range, in the same order; buckets whose *start* lies in the range. */
  readStates(period: string, ranges: readonly SeriesRange[]): Promise<StateRows[]>;
  /**
   * What stored buckets are as of, by start, one result per range, in the same order. Absent where writes stand by their order
   * alone.
   */
  stateRevisions?(period: string, ranges: readonly SeriesRange[]): Promise<ReadonlyMap<number, number>[]>;
  /** Resolves once everything in it is durable. Either all of it is applied or, after a crash, any part of it. */
  write(write: StoreWrite): Promise<void>;
  /**
   * Series of every type that were written as observations and not deleted as a whole since, in order of (canonical, type);
   * also those whose observations were deleted by range.
   */
  find(filter: SeriesFilter): Promise<Series[]>;
  /** The static tagsets of these metrics, of all where none are named; without the metrics that have none. */
  staticTagsets(metrics?: readonly string[]): Promise<Map<string, Tagset>>;
  /** Lets other processes know where its engine answers queries. Absent where nobody owns the store. */
  setAddress?(address: string): Promise<void>;
  close(): Promise<void>;
}
