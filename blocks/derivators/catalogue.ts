import type { Derivator } from "../model/derivator.ts";
import { anyCount, anyFirst, anyLast } from "./any-type.ts";
import { boundingBox, maxLatitude, maxLongitude, minLatitude, minLongitude } from "./bounding-box.ts";
import { increase, rate } from "./counter.ts";
import { coverage } from "./coverage.ts";
import { distinct } from "./distinct.ts";
import { longMax, longMin, longSquares, longSum } from "./exact-numbers.ts";
import { histogram, p50, p90, p99 } from "./quantiles.ts";
import { timeWeightedMean } from "./time-weighted-mean.ts";

/**
 * The derivators that every block keeps, of the types that are not `float`; what a float series answers stands in
 * `float-state.ts`. One line here is the whole of registration.
 */
export const builtInDerivators: readonly Derivator[] = [
  anyCount,
  anyFirst,
  anyLast,
  longMin,
  longMax,
  longSum,
  longSquares,
  minLatitude,
  maxLatitude,
  minLongitude,
  maxLongitude,
  boundingBox,
] as Derivator[];

/** Those that a block keeps where it names them. A query that asks for one that is not kept reads the observations. */
export const namedDerivators: readonly Derivator[] = [
  coverage,
  distinct,
  histogram,
  increase,
  p50,
  p90,
  p99,
  rate,
  timeWeightedMean,
] as Derivator[];
