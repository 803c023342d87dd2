import type { Points } from "../model/columns.ts";
import { type Derivator, defineDerivator } from "../model/derivator.ts";

/** An exact result over 64-bit integers; `undefined` before the first point. */
type Exact = bigint | undefined;

const utf8 = { encode: new TextEncoder(), decode: new TextDecoder() };

/**
 * A derivator of `tlong` that folds integers of any size without rounding; the result is a `tlong` of as many digits as it needs.
 */
function exact(
  name: string,
  summary: string,
  fold: (state: Exact, value: bigint) => bigint,
  join = fold,
): Derivator<Exact> {
  return defineDerivator<Exact>({
    name,
    summary,
    appliesTo: (type) => type === "tlong",
    resultType: () => "tlong",
    seed: () => undefined,
    add(state, points: Points, from, to) {
      const values = points.values as BigInt64Array;
      let folded = state;
      for (let row = from; row < to; row += 1) folded = fold(folded, values[row] as bigint);
      return folded;
    },
    merge: (earlier, later) => (later === undefined ? earlier : join(earlier, later)),
    result: (state) => state,
    encode: (state) => utf8.encode.encode(state === undefined ? "" : state.toString()),
    decode: (bytes) => (bytes.length === 0 ? undefined : BigInt(utf8.decode.decode(bytes))),
  });
}

const plus = (state: Exact, value: bigint) => (state ?? 0n) + value;

export const longMin = exact("min", "The smallest value of the period.", (state, value) =>
  state === undefined || value < state ? value : state,
);
export const longMax = exact("max", "The largest value of the period.", (state, value) =>
  state === undefined || value > state ? value : state,
);
export const longSum = exact("sum", "The sum of the values, exact.", plus);
export const longSquares = exact(
  "s_sum",
  "The sum of the squared values, exact.",
  (state, value) => (state ?? 0n) + value * value,
  plus,
);
