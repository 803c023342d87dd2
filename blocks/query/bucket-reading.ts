import { EngineError } from "../../runtime/errors.ts";
import type { DataType } from "../model/data-type.ts";
import { divides, type Period, periodOf } from "../model/period.ts";
import type { Series } from "../model/series.ts";
import type { SeriesRange, Store } from "../model/store.ts";
import { timestampMax, timestampMin } from "../model/timestamp.ts";
import { floatDerivators } from "../rollup/aggregations.ts";
import { DerivatorSet, type DerivatorSets } from "../rollup/derivator-set.ts";
import type { AnswerSeries } from "./answer-series.ts";
import {
  type Bucket,
  type BucketState,
  bucketsOfPoints,
  bucketsOfStates,
  mergeAcross,
  widenedState,
} from "./bucket-state.ts";
import { bucketValue, chosenValues, neededDerivators, standardValues } from "./bucket-values.ts";
import type { Row } from "./query-result.ts";
import type { QueryContext, QueryRequest } from "./query.ts";
import type { Window } from "./read-windows.ts";
import { type Reading, readMembers } from "./reading.ts";
import type { RowBudget } from "./row-budget.ts";

/**
 * Buckets of the period `every`, from the coarsest stored period that divides it or, where none does, from the observations.
 *
 * @throws {EngineError} `SETTING_INVALID` where `every` is no aggregator, or a plugin's value is asked of several series merged:
 *   a derivator promises to join neighbouring parts of a bucket, not parts that lie in one another.
 */
export function bucketReading(
  store: Store,
  request: QueryRequest & { readonly every: string },
  answers: readonly AnswerSeries[],
  { periods, buckets, sets: kept, all }: QueryContext,
  budget: RowBudget,
): Reading {
  const period = periodOf(request.every, buckets);
  const types = answers.flatMap(({ members }) => members.map(({ type }) => type));
  const values = chosenValues(request.values, [...new Set(types)], all);
  const isKept = types.every((type) => keeps(kept.of(type), all.of(type), neededDerivators(values)));
  const sets = isKept ? kept : all;
  for (const answer of answers) refuseMerge(answer, values, (type) => sets.of(type));
  const setOf = keptByType((type) => setWith(neededDerivators(values), type, sets));
  const wideningSet = setWith(neededDerivators(standardValues), "tlong", sets);
  const stored = isKept ? periods.findLast((finer) => divides(finer, period)) : undefined;
  return {
    values,
    align: period,
    bounds: (newest) => bucketBounds(request, period, newest),
    async read(given, window) {
      const merged = given.map(() => new Map<number, BucketState>());
      let rowsRead = 0;
      const take = (series: Series, index: number, stateRows: number, bucketsOf: (set: DerivatorSet) => Bucket[]) => {
        rowsRead += stateRows;
        const widened = series.type !== given[index]?.type;
        const set = widened ? wideningSet : setOf(series.type);
        for (const { start, state } of bucketsOf(set)) {
          const taken = widened ? widenedState(state, set) : state;
          const known = merged[index]?.get(start);
          if (known !== undefined) mergeAcross(known, taken, setOf(given[index]?.type ?? series.type));
          else {
            budget.take(1);
            merged[index]?.set(start, taken);
          }
        }
      };
      await readSeriesBuckets(store, stored?.key, period, given, window, take);
      await settleAll(merged, period, (index) => setOf(given[index]?.type ?? ""));
      return {
        rows: given.map((answer, index) => rowsOf(answer, merged[index], values, period, setOf(answer.type))),
        rowsRead,
      };
    },
  };
}

/** Waits for what heavy derivators compute in threads. */
async function settleAll(
  merged: readonly ReadonlyMap<number, BucketState>[],
  period: Period,
  setOf: (index: number) => DerivatorSet,
): Promise<void> {
  const waiting = merged.flatMap((buckets, index) => {
    const set = setOf(index);
    if (!set.settles) return [];
    return [...buckets].map(async ([start, { others }]) => set.settle(others, { start, end: period.next(start) }));
  });
  if (waiting.length > 0) await Promise.all(waiting);
}

type Take = (series: Series, index: number, rows: number, bucketsOf: (set: DerivatorSet) => Bucket[]) => void;

/** Gives `take` the buckets of each member in the window; `stored` is the period to read, absent for the observations. */
async function readSeriesBuckets(
  store: Store,
  stored: string | undefined,
  period: Period,
  answers: readonly AnswerSeries[],
  window: Window,
  take: Take,
): Promise<void> {
  if (stored === undefined) {
    const read = (ranges: readonly SeriesRange[]) => store.readObservations(ranges);
    await readMembers(answers, window, read, (points, series, index) => {
      take(series, index, points.time.length, (set) => bucketsOfPoints(points, series.type, period, set));
    });
  } else {
    const read = (ranges: readonly SeriesRange[]) => store.readStates(stored, ranges);
    await readMembers(answers, window, read, (rows, series, index) => {
      take(series, index, rows.start.length, (set) => bucketsOfStates(rows, period, set));
    });
  }
}

function rowsOf(
  { name, type }: AnswerSeries,
  buckets: ReadonlyMap<number, BucketState> | undefined,
  values: readonly string[],
  period: Period,
  set: DerivatorSet,
): Row[] {
  return [...(buckets ?? [])]
    .sort(([a], [b]) => a - b)
    .map(([start, state]) => {
      const bucket = { start, end: period.next(start) };
      return [name, period.stamp(start), ...values.map((value) => bucketValue(value, type, set, state, bucket))];
    });
}

/** Whole buckets: the first is `from`'s own, the last begins before `to` and holds or precedes the newest observation. */
function bucketBounds({ from, to }: QueryRequest, period: Period, newest: number): Window {
  const last = Math.min(Math.ceil(to ?? timestampMax + 1) - 1, newest);
  return {
    from: period.start(Math.max(from ?? timestampMin, timestampMin)),
    to: last < timestampMin ? timestampMin : period.next(period.start(last)),
  };
}

function refuseMerge(answer: AnswerSeries, values: readonly string[], setOf: (type: DataType) => DerivatorSet): void {
  if (answer.members.length < 2) return;
  for (const name of values) {
    if (standardValues.includes(name)) continue;
    const derivator = setOf(answer.type).derivators.find((known) => known.name === name);
    const oneType = answer.members.every(({ type }) => type === answer.type);
    if (derivator === undefined || (derivator.acrossSeries === true && oneType)) continue;
    const rule = "its value joins parts of one series only";
    const found = `it is ${answer.members.length} series`;
    throw new EngineError("SETTING_INVALID", `Cannot merge "${name}" of ${answer.name} as ${rule}: ${found}`);
  }
}

/** Those of the derivators that are needed and that no float state answers. */
function setWith(needed: ReadonlySet<string>, type: DataType, sets: DerivatorSets): DerivatorSet {
  const answered: readonly string[] = floatDerivators(type);
  const kept = sets.of(type).derivators.filter(({ name }) => needed.has(name) && !answered.includes(name));
  return new DerivatorSet(type, kept);
}

/** Whether all that is needed, of what a type has, is kept. */
function keeps(kept: DerivatorSet, all: DerivatorSet, needed: ReadonlySet<string>): boolean {
  return all.derivators.every(({ name }) => !needed.has(name) || kept.placeOf(name) !== undefined);
}

/** Makes a set once for each type that is asked for. */
function keptByType(make: (type: DataType) => DerivatorSet): (type: DataType) => DerivatorSet {
  const made = new Map<DataType, DerivatorSet>();
  return (type) => {
    const set = made.get(type) ?? make(type);
    made.set(type, set);
    return set;
  };
}
