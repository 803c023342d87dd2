import { floatState, floatStateWidth, foldFloats, mergeFloats } from "../derivators/float-state.ts";
import type { Points } from "../model/columns.ts";
import { type DataType, layoutOf } from "../model/data-type.ts";
import type { Period } from "../model/period.ts";
import type { StateRows } from "../model/store.ts";
import type { DerivatorSet, DerivatorStates } from "../rollup/derivator-set.ts";
import { lowerBound } from "../rollup/merge-points.ts";

/** The state of one bucket of one series, or of several merged. */
export interface BucketState {
  /** `floatStateWidth` numbers; without meaning where the type is not of layout `float`. */
  readonly floats: Float64Array;
  /** In order of the set that it was made with. */
  readonly others: DerivatorStates;
}

export interface Bucket {
  /** Ms since the epoch. */
  readonly start: number;
  readonly state: BucketState;
}

/** Folds points, which must be all of their buckets, ascending. */
export function bucketsOfPoints(points: Points, type: DataType, period: Period, set: DerivatorSet): Bucket[] {
  const buckets: Bucket[] = [];
  const { time, values } = points;
  for (let from = 0; from < time.length; ) {
    const start = period.start(time[from] as number);
    const to = lowerBound(time, period.next(start), from);
    const state: BucketState = { floats: new Float64Array(floatStateWidth), others: set.seed() };
    if (layoutOf(type) === "float") foldFloats(state.floats, 0, time, values as Float64Array, from, to);
    set.add(state.others, points, from, to);
    buckets.push({ start, state });
    from = to;
  }
  return buckets;
}

/** Merges the states of a period that divides `period`, ascending; the same bits as the engine's own rollup. */
export function bucketsOfStates(rows: StateRows, period: Period, set: DerivatorSet): Bucket[] {
  const buckets: Bucket[] = [];
  let current: Bucket | undefined;
  rows.start.forEach((finer, row) => {
    const start = period.start(finer);
    const others = set.decode(rows.bytes?.[row] ?? new Uint8Array(0));
    if (current?.start === start) set.merge(current.state.others, others);
    else {
      current = { start, state: { floats: new Float64Array(floatStateWidth), others } };
      buckets.push(current);
    }
    if (rows.floats !== undefined) mergeFloats(current.state.floats, 0, rows.floats, row * floatStateWidth);
  });
  return buckets;
}

/**
 * Merges the same bucket of another series into `into`. `first` is the one earliest in time, `last` the one latest; where two
 * are of one time, the order of merging decides, which makes them the first and the last row of the merged observations.
 *
 * @param set Of both; its other derivators must not care which points come first.
 */
export function mergeAcross(into: BucketState, other: BucketState, set: DerivatorSet): void {
  mergeFloatsAcross(into.floats, other.floats);
  const kept = (["first", "last"] as const).map((name) => {
    const place = set.placeOf(name);
    if (place === undefined) return undefined;
    const times = [timeOf(set.result(into.others, name)), timeOf(set.result(other.others, name))] as const;
    // NaN, where a stored bucket lacks one, keeps neither: what `merge` makes of it stands.
    if (name === "first") return times[1] < times[0] ? { place, state: other.others[place] } : undefined;
    return times[0] > times[1] ? { place, state: into.others[place] } : undefined;
  });
  set.merge(into.others, other.others);
  for (const choice of kept) if (choice !== undefined) into.others[choice.place] = choice.state;
}

function mergeFloatsAcross(into: Float64Array, other: Float64Array): void {
  const { count, firstTime, firstValue, lastTime, lastValue } = floatState;
  const before = into.slice();
  // Takes the sums, the extremes, the first of `into` and the last of `other`.
  mergeFloats(into, 0, other, 0);
  if (before[count] === 0 || other[count] === 0) return;
  if ((other[firstTime] as number) < (before[firstTime] as number)) {
    into[firstTime] = other[firstTime] as number;
    into[firstValue] = other[firstValue] as number;
  }
  if ((before[lastTime] as number) > (other[lastTime] as number)) {
    into[lastTime] = before[lastTime] as number;
    into[lastValue] = before[lastValue] as number;
  }
}

/** The bucket of a tlong series as one of tdouble; the sums keep, in their error terms, what does not fit a double. */
export function widenedState(state: BucketState, set: DerivatorSet): BucketState {
  const result = (name: string) => set.result(state.others, name);
  const first = result("first");
  const last = result("last");
  const floats = new Float64Array(floatStateWidth);
  floats[floatState.count] = numberOf(result("count"));
  floats[floatState.firstTime] = timeOf(first);
  floats[floatState.firstValue] = numberOf(dated(first)?.value);
  floats[floatState.lastTime] = timeOf(last);
  floats[floatState.lastValue] = numberOf(dated(last)?.value);
  floats[floatState.min] = numberOf(result("min"));
  floats[floatState.max] = numberOf(result("max"));
  floats.set(doubleParts(result("sum")), floatState.sum);
  floats.set(doubleParts(result("s_sum")), floatState.squares);
  return { floats, others: [] };
}

/** The result of a derivator whose type is `date_<type>`. */
export function dated(result: unknown): { readonly datetime: number; readonly value: unknown } | undefined {
  return result as { datetime: number; value: unknown } | undefined;
}

function timeOf(result: unknown): number {
  return dated(result)?.datetime ?? Number.NaN;
}

/** The nearest double; NaN where a stored bucket lacks the derivator. */
function numberOf(value: unknown): number {
  return value === undefined ? Number.NaN : Number(value);
}

/** The nearest double and what is left. */
function doubleParts(value: unknown): [number, number] {
  if (typeof value !== "bigint") return [Number.NaN, 0];
  const nearest = Number(value);
  return [nearest, Number(value - BigInt(nearest))];
}
