import { layoutOf } from "../model/data-type.ts";
import { type Derivator, defineDerivator } from "../model/derivator.ts";

/** A value with its timestamp, ms since the epoch; `undefined` before the first point. */
interface Dated {
  readonly time: number;
  readonly value: unknown;
}

const utf8 = { encode: new TextEncoder(), decode: new TextDecoder() };

/** Counts points of the types that have no float state. */
export const anyCount: Derivator<number> = defineDerivator<number>({
  name: "count",
  summary: "The number of data points of the period.",
  appliesTo: (type) => layoutOf(type) !== "float",
  resultType: () => "tlong",
  seed: () => 0,
  add: (state, _points, from, to) => state + (to - from),
  merge: (earlier, later) => earlier + later,
  result: (state) => (state === 0 ? undefined : state),
  encode: (state) => utf8.encode.encode(String(state)),
  decode: (bytes) => Number(utf8.decode.decode(bytes)),
});

export const anyFirst = dated("first", "The first data point of the period, in order of time.", (earlier) => earlier);
export const anyLast = dated(
  "last",
  "The last data point of the period, in order of time.",
  (_earlier, later) => later,
);

function dated(name: "first" | "last", summary: string, choose: (earlier: Dated, later: Dated) => Dated) {
  return defineDerivator<Dated | undefined>({
    name,
    summary,
    appliesTo: (type) => layoutOf(type) !== "float",
    resultType: (type) => `date_${type}`,
    seed: () => undefined,
    add(state, points, from, to) {
      const row = name === "first" ? from : to - 1;
      const candidate = { time: points.time[row] as number, value: points.values[row] };
      return state === undefined ? candidate : choose(state, candidate);
    },
    merge(earlier, later) {
      if (earlier === undefined) return later;
      return later === undefined ? earlier : choose(earlier, later);
    },
    result: (state) => state && { datetime: state.time, value: state.value },
    encode: (state) =>
      utf8.encode.encode(state === undefined ? "" : JSON.stringify([state.time, wrapped(state.value)])),
    decode(bytes) {
      if (bytes.length === 0) return undefined;
      const [time, value] = JSON.parse(utf8.decode.decode(bytes)) as [number, unknown];
      return { time, value: unwrapped(value) };
    },
  });
}

/** JSON has no integers of 64 bits and no bytes; everything else stands as it is, one level down. */
function wrapped(value: unknown): unknown {
  if (typeof value === "bigint") return { long: value.toString() };
  if (value instanceof Uint8Array) return { binary: Buffer.from(value).toString("base64") };
  return { json: value };
}

function unwrapped(value: unknown): unknown {
  const { long, binary, json } = value as { long?: string; binary?: string; json?: unknown };
  if (long !== undefined) return BigInt(long);
  return binary !== undefined ? new Uint8Array(Buffer.from(binary, "base64")) : json;
}
