/** States of derivators as bytes: doubles to the last bit, or a text with integers of any size. The first byte says which. */

const float = 0;
const long = 1;

const utf8 = { encode: new TextEncoder(), decode: new TextDecoder() };

export function encodeFloats(numbers: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(1 + 8 * numbers.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = float;
  numbers.forEach((number, index) => {
    // No number has many bit patterns; this is one.
    view.setFloat64(1 + 8 * index, Number.isNaN(number) ? Number.NaN : number, true);
  });
  return bytes;
}

export function decodeFloats(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: (bytes.byteLength - 1) / 8 }, (_, index) => view.getFloat64(1 + 8 * index, true));
}

/** @param numbers Whole ones, which keep all their digits as text. */
export function encodeLongs(numbers: readonly number[], longs: readonly bigint[]): Uint8Array {
  const text = utf8.encode.encode(`${numbers.join(" ")};${longs.join(" ")}`);
  const bytes = new Uint8Array(1 + text.length);
  bytes[0] = long;
  bytes.set(text, 1);
  return bytes;
}

/** `undefined` where the bytes are of `encodeFloats`. */
export function decodeLongs(bytes: Uint8Array): { readonly numbers: number[]; readonly longs: bigint[] } | undefined {
  if (bytes[0] !== long) return undefined;
  const [numbers = "", longs = ""] = utf8.decode.decode(bytes.subarray(1)).split(";");
  return { numbers: numbers.split(" ").map(Number), longs: longs.split(" ").map(BigInt) };
}
