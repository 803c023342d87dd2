/** Bits behind the point that a quotient is computed to: 53 and a guard remain for any denominator below 2^200. */
const fractionBits = 256;
const scale = 2 ** (fractionBits + 1);

/**
 * The double nearest to `numerator / denominator`, ties to even: what no division of rounded numbers gives.
 *
 * @param denominator From 1 to 2^200.
 */
export function exactQuotient(numerator: bigint, denominator: bigint): number {
  const magnitude = numerator < 0n ? -numerator : numerator;
  const scaled = magnitude << BigInt(fractionBits);
  // A lowest bit that says "and a rest" keeps a quotient just beside the middle of two doubles from being taken for the middle.
  const sticky = (scaled / denominator) * 2n + (scaled % denominator === 0n ? 0n : 1n);
  const quotient = Number(sticky) / scale;
  return numerator < 0n ? -quotient : quotient;
}
