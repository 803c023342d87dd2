import { type Derivator, defineDerivator } from "../model/derivator.ts";
import { Sketch } from "./sketch.ts";

/** They share one sketch, which is kept once however many of them are named. */
function ofSketch(
  name: string,
  summary: string,
  resultType: string,
  result: (sketch: Sketch) => unknown,
): Derivator<Sketch> {
  return defineDerivator<Sketch>({
    name,
    stateName: "sketch",
    summary,
    acrossSeries: true,
    appliesTo: (type) => type === "tdouble" || type === "tlong",
    resultType: () => resultType,
    seed: () => new Sketch(),
    add(state, { values }, from, to) {
      for (let row = from; row < to; row += 1) state.add(Number(values[row]));
      return state;
    },
    merge(earlier, later) {
      earlier.merge(later);
      return earlier;
    },
    result,
    encode: (state) => state.encode(),
    decode: (bytes) => Sketch.decode(bytes),
  });
}

const quantile = (name: string, q: number, share: string) =>
  ofSketch(name, `The value that ${share} of the values are not above, within 1 % of it.`, "tdouble", (sketch) =>
    sketch.quantile(q),
  );

export const p50 = quantile("p50", 0.5, "half");
export const p90 = quantile("p90", 0.9, "90 %");
export const p99 = quantile("p99", 0.99, "99 %");

export const histogram = ofSketch(
  "histogram",
  "The values in bins that grow by 2 %: an array of [lower border, upper border, count], ascending.",
  "histogram",
  (sketch) => (sketch.count === 0 ? undefined : sketch.bins()),
);
