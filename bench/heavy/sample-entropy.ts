import { defineDerivator } from "../../blocks/model/derivator.ts";

/** Values of one bucket and how many runs of two, and of three, of them are alike. */
interface Entropy {
  readonly values: number[];
  pairs: number;
  triples: number;
}

/** Runs that differ by no more than this at each place are alike. */
const tolerance = 0.5;

/**
 * Sample entropy (Richman and Moorman, 2000) with m = 2 and a fixed tolerance: every run of a bucket against every other, so its
 * cost grows with the square of the values. Such a one should not stand in the way of others.
 */
export const sampleEntropy = defineDerivator<Entropy>({
  name: "sample_entropy",
  summary: "How little the values of a bucket repeat themselves.",
  heavy: true,
  appliesTo: (type) => type === "tdouble",
  resultType: () => "tdouble",
  seed: () => ({ values: [], pairs: 0, triples: 0 }),
  add(state, points, from, to) {
    const { values } = state;
    for (let row = from; row < to; row += 1) {
      values.push((points.values as Float64Array)[row] as number);
      compareLast(state);
    }
    return state;
  },
  merge(earlier, later) {
    for (const value of later.values) {
      earlier.values.push(value);
      compareLast(earlier);
    }
    return earlier;
  },
  result: ({ pairs, triples }) => (triples === 0 ? undefined : Math.log(pairs / triples)),
  encode: ({ values, pairs, triples }) => new Uint8Array(Float64Array.of(pairs, triples, ...values).buffer),
  decode(bytes) {
    const [pairs = 0, triples = 0, ...values] = new Float64Array(bytes.slice().buffer);
    return { values, pairs, triples };
  },
});

/** The runs that end with the newest value against all before them. */
function compareLast(state: Entropy): void {
  const { values } = state;
  const last = values.length - 1;
  const [newest, before, first] = [values[last] as number, values[last - 1] as number, values[last - 2] as number];
  for (let end = 1; end < last; end += 1) {
    if (Math.abs((values[end] as number) - newest) > tolerance) continue;
    if (Math.abs((values[end - 1] as number) - before) > tolerance) continue;
    state.pairs += 1;
    if (end > 1 && Math.abs((values[end - 2] as number) - first) <= tolerance) state.triples += 1;
  }
}
