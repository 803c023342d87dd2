import { type Derivator, defineDerivator } from "../model/derivator.ts";
import { decodeFloats, encodeFloats } from "./state-bytes.ts";

/** Minutes since the epoch that have a data point. */
interface Minutes {
  first: number;
  last: number;
  count: number;
}

const minuteMs = 60_000;

export const coverage: Derivator<Minutes | undefined> = defineDerivator<Minutes | undefined>({
  name: "coverage",
  summary: "The share of the bucket's minutes that have a data point, from 0 to 1.",
  appliesTo: () => true,
  resultType: () => "tdouble",
  seed: () => undefined,
  add(state, { time }, from, to) {
    let known = state;
    for (let row = from; row < to; row += 1) {
      const minute = Math.floor((time[row] as number) / minuteMs);
      if (known === undefined) known = { first: minute, last: minute, count: 1 };
      else if (minute !== known.last) {
        known.last = minute;
        known.count += 1;
      }
    }
    return known;
  },
  merge(earlier, later) {
    if (later === undefined) return earlier;
    if (earlier === undefined) return { ...later };
    // Buckets of less than a minute, and those that do not begin with one, may share one.
    earlier.count += later.count - (earlier.last === later.first ? 1 : 0);
    earlier.last = later.last;
    return earlier;
  },
  result: (state, bucket) =>
    state === undefined || bucket === undefined
      ? undefined
      : Math.min(1, (state.count * minuteMs) / (bucket.end - bucket.start)),
  encode: (state) => (state === undefined ? new Uint8Array(0) : encodeFloats([state.first, state.last, state.count])),
  decode(bytes) {
    if (bytes.length === 0) return undefined;
    const [first = 0, last = 0, count = 0] = decodeFloats(bytes);
    return { first, last, count };
  },
});
