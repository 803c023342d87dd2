import { floatResult, type FloatResultName, floatStateWidth } from "../derivators/float-state.ts";
import type { Aggregation } from "../model/aggregation.ts";
import { type DataType, layoutOf } from "../model/data-type.ts";
import type { Period } from "../model/period.ts";
import type { Series, SeriesTable } from "../model/series.ts";
import type { BucketResult } from "../model/store.ts";
import type { DerivatorFailures, OnFailure } from "./derivator-failures.ts";
import type { DerivatorSet, DerivatorSets } from "./derivator-set.ts";
import type { StateTable } from "./state-table.ts";

const ofNumbers: readonly FloatResultName[] = ["count", "first", "last", "min", "max", "sum", "s_sum"];
const ofBooleans: readonly FloatResultName[] = ["count", "first", "last", "true_count"];

/** The derivators that a float state answers for series of a type. */
export function floatDerivators(type: DataType): readonly FloatResultName[] {
  if (layoutOf(type) !== "float") return [];
  return type === "tbool" ? ofBooleans : ofNumbers;
}

/** Type of the result of a derivator that a float state answers. */
function floatResultType(name: FloatResultName, type: DataType): string {
  if (name === "count" || name === "true_count") return "tlong";
  return name === "first" || name === "last" ? `date_${type}` : type;
}

/** Every value of every bucket, as subscribers get them: by series, bucket, then derivator. */
export function aggregationsOf(
  states: StateTable,
  period: Period,
  table: SeriesTable,
  sets: DerivatorSets,
  failures?: DerivatorFailures,
): Aggregation[] {
  const values: Aggregation[] = [];
  for (let row = 0; row < states.length; row += 1) {
    const series = table.at(states.series[row] as number);
    const start = states.start[row] as number;
    const bucket = period.stamp(start);
    const failed = failures?.at(() => ({ series, period: period.label, start }));
    for (const { derivator, type, value } of bucketResults(states, row, series, period, sets.of(series.type), failed)) {
      values.push({ series, period: period.label, bucket, derivator, type, value });
    }
  }
  return values;
}

/** What every derivator gives for the bucket of one row. */
export function bucketResults(
  states: StateTable,
  row: number,
  { type }: Series,
  period: Period,
  set: DerivatorSet,
  failed?: OnFailure,
): BucketResult[] {
  const results: BucketResult[] = [];
  const start = states.start[row] as number;
  const span = { start, end: period.next(start) };
  for (const derivator of floatDerivators(type)) {
    const value = floatValue(states.floats, row * floatStateWidth, derivator, type);
    results.push({ derivator, type: floatResultType(derivator, type), value });
  }
  const others = states.others[row];
  if (others === undefined) return results;
  for (const { name, resultType } of set.derivators) {
    const value = set.result(others, name, span, failed);
    if (value !== undefined) results.push({ derivator: name, type: resultType(type), value });
  }
  return results;
}

/** `first` and `last` of a published aggregation carry their timestamp, as TSorage's `date_<type>` does. */
function floatValue(floats: Float64Array, at: number, name: FloatResultName, type: DataType): unknown {
  const value = floatResult(floats, at, name);
  if (name !== "first" && name !== "last") return value;
  const datetime = floats[at + (name === "first" ? 1 : 3)] as number;
  return { datetime, value: type === "tbool" ? value !== 0 : value };
}
