import type { Points } from "../../blocks/model/columns.ts";
import { type Derivator, defineDerivator } from "../../blocks/model/derivator.ts";
import { decimal, record } from "../../config/declare.ts";

/** All values of a bucket, and what `change` does to the state at each of them. */
function values(name: string, onValue: (value: number) => void, result: (sorted: readonly number[]) => unknown) {
  return {
    name,
    summary: "For tests.",
    heavy: true,
    appliesTo: (type: string) => type === "tdouble",
    resultType: () => "tdouble",
    seed: (): number[] => [],
    add(state: number[], points: Points, from: number, to: number) {
      for (let row = from; row < to; row += 1) {
        onValue(points.values[row] as number);
        state.push(points.values[row] as number);
      }
      return state;
    },
    merge(earlier: number[], later: number[]) {
      earlier.push(...later);
      return earlier;
    },
    result: (state: number[]) => result([...state].sort((a, b) => a - b)),
    encode: (state: number[]) => new Uint8Array(Float64Array.from(state).buffer),
    decode: (bytes: Uint8Array) => [...new Float64Array(bytes.slice().buffer)],
  };
}

const nothing = () => {};
const nearest = (q: number) => (sorted: readonly number[]) => sorted[Math.floor(q * (sorted.length - 1))];

export const median: Derivator<number[]> = defineDerivator(values("median", nothing, nearest(0.5)));

export const quantile = defineDerivator({
  name: "quantile",
  summary: "For tests.",
  heavy: true,
  settings: record({ q: decimal("Which.", { min: 0, max: 1 }) }),
  configure: ({ q }) => values("quantile", nothing, nearest(q)),
});

/** Ends its thread at 130. */
export const crashing = defineDerivator(values("crashing", (value) => value === 130 && process.exit(3), nearest(0)));

/** Ends its thread a while after 130. */
export const straying = defineDerivator(
  values("straying", (value) => value === 130 && setTimeout(() => process.exit(3), 100), nearest(0)),
);

/** Never returns at 130. */
export const endless = defineDerivator(
  values(
    "endless",
    (value) => {
      while (value === 130);
    },
    nearest(0),
  ),
);

export const throwing = defineDerivator(
  values(
    "throwing",
    (value) => {
      if (value === 130) throw new RangeError("130 is too much");
    },
    nearest(0),
  ),
);

/** Joins no two parts. */
export const unmerging = defineDerivator({
  ...values("unmerging", nothing, nearest(0)),
  merge(): number[] {
    throw new TypeError("it cannot be joined");
  },
});

/** Its state is nothing that can be copied to another thread, from 130 on. */
const plain = values("unsendable", nothing, nearest(0));
export const unsendable = defineDerivator({
  ...plain,
  encode: (state: number[]) => (state.includes(130) ? ((() => {}) as never) : plain.encode(state)),
});
