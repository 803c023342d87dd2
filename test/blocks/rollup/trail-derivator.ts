import { type Derivator, defineDerivator } from "../../../blocks/model/derivator.ts";

/**
 * Remembers the time of every point of the bucket, in the order in which it was told of them. It applies to every type and
 * changes its state in place, so it shows points that are missing, doubled or out of order, and states that share memory.
 */
export const trail: Derivator<number[]> = defineDerivator<number[]>({
  name: "trail",
  summary: "The times of all points, for tests.",
  appliesTo: () => true,
  resultType: () => "trail",
  seed: () => [],
  add(state, points, from, to) {
    for (let row = from; row < to; row += 1) state.push(points.time[row] as number);
    return state;
  },
  merge(earlier, later) {
    earlier.push(...later);
    return earlier;
  },
  result: (state) => [...state],
  encode: (state) => new TextEncoder().encode(JSON.stringify(state)),
  decode: (bytes) => JSON.parse(new TextDecoder().decode(bytes)) as number[],
});
