/**
 * Numbers as bytes in the order of the numbers: the bits of an IEEE 754 double, sign flipped for positive ones, all flipped for
 * negative ones. Takes every double but NaN; -0 becomes 0.
 */
export function writeOrdered(target: Buffer, offset: number, value: number): void {
  target.writeDoubleBE(value + 0, offset);
  const negative = (target[offset] ?? 0) >= 0x80;
  if (!negative) {
    target[offset] = (target[offset] ?? 0) ^ 0x80;
    return;
  }
  for (let i = offset; i < offset + 8; i++) target[i] = ~(target[i] ?? 0);
}

export function readOrdered(source: Uint8Array, offset: number): number {
  const bytes = Buffer.from(source.subarray(offset, offset + 8));
  if ((bytes[0] ?? 0) >= 0x80) bytes[0] = (bytes[0] ?? 0) ^ 0x80;
  else for (let i = 0; i < 8; i++) bytes[i] = ~(bytes[i] ?? 0);
  return bytes.readDoubleBE(0);
}

/** A whole number below 2^32 as a key: ascending numbers are ascending keys. */
export function numberKey(value: number): Buffer {
  const key = Buffer.allocUnsafe(4);
  key.writeUInt32BE(value);
  return key;
}
