import type { Derivator } from "../model/derivator.ts";
import { anyCount, anyFirst, anyLast } from "./any-type.ts";
import { longMax, longMin, longSquares, longSum } from "./exact-numbers.ts";

/**
 * The built-in derivators of the types that are not `float`; what a float series answers stands in `float-state.ts`.
 * One line here is the whole of registration.
 */
export const builtInDerivators: readonly Derivator[] = [
  anyCount,
  anyFirst,
  anyLast,
  longMin,
  longMax,
  longSum,
  longSquares,
] as Derivator[];
