import { type Derivator, defineDerivator } from "../model/derivator.ts";
import { HyperLogLog } from "./hyper-log-log.ts";
import { murmur3 } from "./murmur3.ts";

export const distinct: Derivator<HyperLogLog> = defineDerivator<HyperLogLog>({
  name: "distinct",
  summary: "How many different values there are: exact up to 256, beyond that within 2.3 % (one standard error).",
  acrossSeries: true,
  appliesTo: () => true,
  resultType: () => "tlong",
  seed: () => new HyperLogLog(),
  add(state, { values }, from, to) {
    for (let row = from; row < to; row += 1) state.add(hashOf(values[row]));
    return state;
  },
  merge(earlier, later) {
    earlier.merge(later);
    return earlier;
  },
  result: (state) => state.estimate(),
  encode: (state) => state.encode(),
  decode: (bytes) => HyperLogLog.decode(bytes),
});

const word = new DataView(new ArrayBuffer(8));
const wordBytes = new Uint8Array(word.buffer);
const utf8 = new TextEncoder();

/** 53 bits of what tells a value from others of its type. */
function hashOf(value: unknown): number {
  const bytes = bytesOf(value);
  // 21 and 32 bits of two hashes with seeds of their own.
  return (murmur3(bytes, 0x9747b28c) >>> 11) * 2 ** 32 + murmur3(bytes, 0x1b873593);
}

function bytesOf(value: unknown): Uint8Array {
  if (typeof value === "number") {
    // 0 and -0 are one value.
    word.setFloat64(0, value + 0, true);
    return wordBytes;
  }
  if (typeof value === "bigint") {
    word.setBigInt64(0, value, true);
    return wordBytes;
  }
  return value instanceof Uint8Array ? value : utf8.encode(JSON.stringify(value, withSortedKeys));
}

/** Objects that differ in the order of their keys alone are one value. */
function withSortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
