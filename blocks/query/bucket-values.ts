import { didYouMean } from "../../config/suggestion.ts";
import { EngineError } from "../../runtime/errors.ts";
import { floatResult, floatResultNames, floatState, floatVariance } from "../derivators/float-state.ts";
import { builtInTypes, type DataType } from "../model/data-type.ts";
import type { TimeSpan } from "../model/derivator.ts";
import { floatDerivators } from "../rollup/aggregations.ts";
import type { DerivatorSet, DerivatorSets } from "../rollup/derivator-set.ts";
import { type BucketState, dated } from "./bucket-state.ts";
import { cellOf } from "./cell-of.ts";
import { exactQuotient } from "../model/exact-quotient.ts";
import type { Cell } from "./query-result.ts";

/** Values that are computed from derivators, with those that they need. */
const computed: Readonly<Record<string, readonly string[]>> = {
  mean: ["count", "sum"],
  variance: ["count", "sum", "s_sum"],
  stddev: ["count", "sum", "s_sum"],
  first_time: ["first"],
  last_time: ["last"],
  delta: ["first", "last"],
};

/** Values that any query of buckets can ask for, whatever plugins there are. */
export const standardValues: readonly string[] = [...floatResultNames, ...Object.keys(computed)];

/**
 * The values to give: those that were asked for, or else count and mean where there are numbers (or nothing), count and last
 * where there are none.
 *
 * @param types Of the series that were found.
 * @throws {EngineError} `SETTING_UNKNOWN` where neither the engine nor a derivator of the sets knows one.
 */
export function chosenValues(
  asked: readonly string[],
  types: readonly DataType[],
  sets: DerivatorSets,
): readonly string[] {
  if (asked.length === 0) {
    const numbers = types.length === 0 || types.some((type) => type === "tdouble" || type === "tlong");
    return numbers ? ["count", "mean"] : ["count", "last"];
  }
  const known = new Set(standardValues);
  for (const type of [...builtInTypes, ...types]) for (const { name } of sets.of(type).derivators) known.add(name);
  for (const name of asked) {
    if (known.has(name)) continue;
    const rule = `values of buckets are ${[...known].join(", ")}`;
    throw new EngineError("SETTING_UNKNOWN", `Cannot give the value "${name}" as ${rule}${didYouMean(name, known)}`);
  }
  return asked;
}

/** The derivators whose states are needed to give the values. */
export function neededDerivators(values: readonly string[]): ReadonlySet<string> {
  return new Set(values.flatMap((name) => computed[name] ?? [name]));
}

/**
 * One value of a bucket with at least one point; `null` where the type has no such value, or the stored bucket lacks it.
 *
 * The mean and the variance, which is the population's, of tlong are the doubles nearest to the true ones. Those of tdouble come
 * from sums of twice the precision; the variance is `null` where the squares overflow.
 *
 * @param type Of the answer.
 * @param set The one that `state.others` was made with.
 */
export function bucketValue(
  name: string,
  type: DataType,
  set: DerivatorSet,
  state: BucketState,
  bucket: TimeSpan,
): Cell {
  switch (name) {
    case "mean":
      return mean(type, set, state);
    case "variance":
      return variance(type, set, state);
    case "stddev": {
      const squared = variance(type, set, state);
      return squared === null ? null : Math.sqrt(squared);
    }
    case "first_time":
      return timeOf("first", type, set, state);
    case "last_time":
      return timeOf("last", type, set, state);
    case "delta":
      return delta(type, set, state);
    default:
      return derived(name, type, set, state, bucket);
  }
}

function derived(name: string, type: DataType, set: DerivatorSet, state: BucketState, bucket: TimeSpan): Cell {
  const ofFloats = floatDerivators(type).find((known) => known === name);
  if (ofFloats !== undefined) {
    return cellOf(name === "first" || name === "last" ? type : "tdouble", floatResult(state.floats, 0, ofFloats));
  }
  const result = set.result(state.others, name, bucket);
  const resultType = set.derivators.find((derivator) => derivator.name === name)?.resultType(type);
  if (result === undefined || resultType === undefined) return null;
  if (!resultType.startsWith("date_")) return cellOf(resultType, result);
  return cellOf(resultType.slice("date_".length), dated(result)?.value);
}

function mean(type: DataType, set: DerivatorSet, state: BucketState): Cell {
  if (type === "tdouble")
    return cellOf(type, floatResult(state.floats, 0, "sum") / floatResult(state.floats, 0, "count"));
  const exact = exactSums(type, set, state);
  return exact === undefined ? null : exactQuotient(exact.sum, exact.count);
}

function variance(type: DataType, set: DerivatorSet, state: BucketState): number | null {
  if (type === "tdouble") {
    const { floats } = state;
    // Values that are all equal vary by nothing, whatever rounding says.
    if (floatResult(floats, 0, "min") === floatResult(floats, 0, "max")) return 0;
    const spread = floatVariance(floats);
    return Number.isFinite(spread) ? spread : null;
  }
  const exact = exactSums(type, set, state);
  if (exact === undefined) return null;
  const { count, sum, squares } = exact;
  return exactQuotient(count * squares - sum * sum, count * count);
}

/** The sums of a tlong bucket; `undefined` for other types. `squares` is 0 where the set has none. */
function exactSums(type: DataType, set: DerivatorSet, state: BucketState) {
  if (type !== "tlong") return undefined;
  const count = set.result(state.others, "count");
  const sum = set.result(state.others, "sum");
  const squares = set.result(state.others, "s_sum") ?? 0n;
  if (typeof count !== "number" || typeof sum !== "bigint" || typeof squares !== "bigint") return undefined;
  return { count: BigInt(count), sum, squares };
}

function timeOf(name: "first" | "last", type: DataType, set: DerivatorSet, state: BucketState): Cell {
  if (floatDerivators(type).length > 0) {
    return cellOf("tdouble", state.floats[name === "first" ? floatState.firstTime : floatState.lastTime]);
  }
  return dated(set.result(state.others, name))?.datetime ?? null;
}

function delta(type: DataType, set: DerivatorSet, state: BucketState): Cell {
  if (type === "tdouble") {
    return cellOf(type, floatResult(state.floats, 0, "last") - floatResult(state.floats, 0, "first"));
  }
  if (type !== "tlong") return null;
  const first = dated(set.result(state.others, "first"))?.value;
  const last = dated(set.result(state.others, "last"))?.value;
  return typeof first === "bigint" && typeof last === "bigint" ? cellOf(type, last - first) : null;
}
