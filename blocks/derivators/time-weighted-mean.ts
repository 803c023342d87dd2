import { type Derivator, defineDerivator } from "../model/derivator.ts";
import { addTo, type FloatSum, sumOf } from "./float-sum.ts";
import { exactQuotient } from "../model/exact-quotient.ts";
import { decodeFloats, decodeLongs, encodeFloats, encodeLongs } from "./state-bytes.ts";

/** What lies under the steps between the first and the last point: value × ms. */
interface FloatArea {
  firstTime: number;
  first: number;
  lastTime: number;
  last: number;
  area: FloatSum;
}

interface LongArea {
  firstTime: number;
  first: bigint;
  lastTime: number;
  last: bigint;
  area: bigint;
}

type State = FloatArea | LongArea | undefined;

/** Each value holds until the next one. Merging adds what lies between the last point of a finer bucket and the first of the next. */
export const timeWeightedMean: Derivator<State> = defineDerivator<State>({
  name: "time_weighted_mean",
  summary:
    "The mean over the time between the first and the last data point, where each value holds until the next one.",
  appliesTo: (type) => type === "tdouble" || type === "tlong" || type === "tbool",
  resultType: () => "tdouble",
  seed: () => undefined,
  add(state, { time, values }, from, to) {
    let known = state;
    for (let row = from; row < to; row += 1) {
      const at = time[row] as number;
      const value = values[row] as number | bigint;
      if (known === undefined) known = startOf(at, value);
      else hold(known, at, value);
    }
    return known;
  },
  merge(earlier, later) {
    if (later === undefined) return earlier;
    if (earlier === undefined) return isLong(later) ? { ...later } : { ...later, area: { ...later.area } };
    hold(earlier, later.firstTime, later.first);
    if (isLong(earlier) && isLong(later)) earlier.area += later.area;
    else if (!isLong(earlier) && !isLong(later)) addTo(earlier.area, later.area.sum, later.area.error);
    earlier.last = later.last;
    earlier.lastTime = later.lastTime;
    return earlier;
  },
  result(state) {
    if (state === undefined) return undefined;
    const ms = state.lastTime - state.firstTime;
    // A point that stands alone holds for no time; it is all that is known.
    if (ms === 0) return Number(state.last);
    return isLong(state) ? exactQuotient(state.area, BigInt(ms)) : sumOf(state.area) / ms;
  },
  encode(state) {
    if (state === undefined) return new Uint8Array(0);
    const { firstTime, lastTime } = state;
    if (isLong(state)) return encodeLongs([firstTime, lastTime], [state.first, state.last, state.area]);
    return encodeFloats([firstTime, lastTime, state.first, state.last, state.area.sum, state.area.error]);
  },
  decode(bytes) {
    if (bytes.length === 0) return undefined;
    const longs = decodeLongs(bytes);
    if (longs !== undefined) {
      const [firstTime = 0, lastTime = 0] = longs.numbers;
      const [first = 0n, last = 0n, area = 0n] = longs.longs;
      return { firstTime, first, lastTime, last, area };
    }
    const [firstTime = 0, lastTime = 0, first = 0, last = 0, sum = 0, error = 0] = decodeFloats(bytes);
    return { firstTime, first, lastTime, last, area: { sum, error } };
  },
});

function startOf(time: number, value: number | bigint): FloatArea | LongArea {
  const ends = { firstTime: time, lastTime: time };
  return typeof value === "bigint"
    ? { ...ends, first: value, last: value, area: 0n }
    : { ...ends, first: value, last: value, area: { sum: 0, error: 0 } };
}

/** The last value held until `time`, where `value` begins. */
function hold(state: FloatArea | LongArea, time: number, value: number | bigint): void {
  const ms = time - state.lastTime;
  if (isLong(state)) {
    state.area += state.last * BigInt(ms);
    state.last = value as bigint;
  } else {
    addTo(state.area, state.last * ms);
    state.last = value as number;
  }
  state.lastTime = time;
}

function isLong(state: FloatArea | LongArea): state is LongArea {
  return typeof state.area === "bigint";
}
