import type { Points } from "../model/columns.ts";
import { type Derivator, defineDerivator } from "../model/derivator.ts";
import { addTo, type FloatSum, sumOf } from "./float-sum.ts";
import { decodeFloats, decodeLongs, encodeFloats, encodeLongs } from "./state-bytes.ts";

/** What is known of a counter in a bucket: its ends, and how much it rose between its points. */
interface Counter<Value> {
  firstTime: number;
  first: Value;
  lastTime: number;
  last: Value;
  rise: Value extends bigint ? bigint : FloatSum;
}

type FloatCounter = Counter<number>;
type LongCounter = Counter<bigint>;
type State = FloatCounter | LongCounter | undefined;

const increaseSummary =
  "How much a counter rose between the first and the last data point; where it fell it was reset, and counts from 0.";
const rateSummary = "The increase per second, between the first and the last data point.";

/**
 * Steps between neighbouring points, also where those lie in two finer buckets, so that a coarser bucket has the steps that no
 * finer one has. A step down is a reset: then the counter rose from 0 to the value.
 */
export const increase: Derivator<State> = counter("increase", increaseSummary, (type) => type, riseOf);
export const rate: Derivator<State> = counter(
  "rate",
  rateSummary,
  () => "tdouble",
  (state) => {
    const seconds = (state.lastTime - state.firstTime) / 1_000;
    return seconds === 0 ? undefined : Number(riseOf(state)) / seconds;
  },
);

function counter(
  name: string,
  summary: string,
  resultType: (type: string) => string,
  resultOf: (state: FloatCounter | LongCounter) => number | bigint | undefined,
): Derivator<State> {
  return defineDerivator<State>({
    name,
    stateName: "counter",
    summary,
    appliesTo: (type) => type === "tdouble" || type === "tlong",
    resultType,
    seed: () => undefined,
    add(state, points, from, to) {
      return from === to
        ? state
        : points.values instanceof BigInt64Array
          ? addLongs(state, points, from, to)
          : addFloats(state, points, from, to);
    },
    merge(earlier, later) {
      if (earlier === undefined) return later === undefined ? undefined : copyOf(later);
      if (later !== undefined) join(earlier, later);
      return earlier;
    },
    // One data point is no step.
    result: (state) => (state === undefined || state.firstTime === state.lastTime ? undefined : resultOf(state)),
    encode,
    decode,
  });
}

function addFloats(state: State, points: Points, from: number, to: number): FloatCounter {
  const values = points.values as Float64Array;
  const time = points.time;
  const first = values[from] as number;
  const known = (state ?? startOf(time[from] as number, first, { sum: 0, error: 0 })) as FloatCounter;
  for (let row = from; row < to; row += 1) {
    const value = values[row] as number;
    addTo(known.rise, value < known.last ? value : value - known.last);
    known.last = value;
  }
  known.lastTime = time[to - 1] as number;
  return known;
}

function addLongs(state: State, points: Points, from: number, to: number): LongCounter {
  const values = points.values as BigInt64Array;
  const time = points.time;
  const first = values[from] as bigint;
  const known = (state ?? startOf(time[from] as number, first, 0n)) as LongCounter;
  for (let row = from; row < to; row += 1) {
    const value = values[row] as bigint;
    known.rise += value < known.last ? value : value - known.last;
    known.last = value;
  }
  known.lastTime = time[to - 1] as number;
  return known;
}

function startOf<Value>(time: number, value: Value, rise: Counter<Value>["rise"]): Counter<Value> {
  return { firstTime: time, first: value, lastTime: time, last: value, rise };
}

function join(earlier: FloatCounter | LongCounter, later: FloatCounter | LongCounter): void {
  if (isLong(earlier) && isLong(later)) {
    earlier.rise += (later.first < earlier.last ? later.first : later.first - earlier.last) + later.rise;
    earlier.last = later.last;
  } else if (!isLong(earlier) && !isLong(later)) {
    addTo(earlier.rise, later.first < earlier.last ? later.first : later.first - earlier.last);
    addTo(earlier.rise, later.rise.sum, later.rise.error);
    earlier.last = later.last;
  }
  earlier.lastTime = later.lastTime;
}

function isLong(state: FloatCounter | LongCounter): state is LongCounter {
  return typeof state.rise === "bigint";
}

function riseOf(state: FloatCounter | LongCounter): number | bigint {
  return isLong(state) ? state.rise : sumOf(state.rise);
}

function copyOf(state: FloatCounter | LongCounter): FloatCounter | LongCounter {
  return isLong(state) ? { ...state } : { ...state, rise: { ...state.rise } };
}

function encode(state: State): Uint8Array {
  if (state === undefined) return new Uint8Array(0);
  const { firstTime, lastTime } = state;
  if (isLong(state)) return encodeLongs([firstTime, lastTime], [state.first, state.last, state.rise]);
  return encodeFloats([firstTime, lastTime, state.first, state.last, state.rise.sum, state.rise.error]);
}

function decode(bytes: Uint8Array): State {
  if (bytes.length === 0) return undefined;
  const longs = decodeLongs(bytes);
  if (longs !== undefined) {
    const [firstTime = 0, lastTime = 0] = longs.numbers;
    const [first = 0n, last = 0n, rise = 0n] = longs.longs;
    return { firstTime, first, lastTime, last, rise };
  }
  const [firstTime = 0, lastTime = 0, first = 0, last = 0, sum = 0, error = 0] = decodeFloats(bytes);
  return { firstTime, first, lastTime, last, rise: { sum, error } };
}
