// @ts-check
import { defineDerivator } from "millrace/plugin";

/** What it keeps of a bucket: all that the result, and a coarser bucket, need. */
export const derivator = defineDerivator({
  name: "plugin-name",
  summary: "The largest value less the smallest.",
  appliesTo: (type) => type === "tdouble",
  resultType: () => "tdouble",
  // `merge` joins any two sets of data points, so queries may merge it over several series.
  acrossSeries: true,
  seed: () => ({ min: Infinity, max: -Infinity }),
  /** Rows come in ascending order of time, all of them later than what the state has. */
  add(state, { values }, from, to) {
    for (let row = from; row < to; row += 1) {
      const value = Number(values[row]);
      state.min = Math.min(state.min, value);
      state.max = Math.max(state.max, value);
    }
    return state;
  },
  merge: (earlier, later) => ({ min: Math.min(earlier.min, later.min), max: Math.max(earlier.max, later.max) }),
  result: ({ min, max }) => (min > max ? undefined : max - min),
  encode: ({ min, max }) => new Uint8Array(Float64Array.of(min, max).buffer),
  decode(bytes) {
    const [min = Infinity, max = -Infinity] = new Float64Array(bytes.slice().buffer);
    return { min, max };
  },
});
