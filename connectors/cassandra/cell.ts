/** Values as the protocol of Cassandra writes them: big-endian, without their length. */

const two32 = 4_294_967_296;

/** A bigint or a timestamp from a whole number within ±(2^53 - 1). */
export function longCell(value: number, cell = Buffer.allocUnsafe(8)): Buffer {
  const high = Math.floor(value / two32);
  cell.writeInt32BE(high, 0);
  cell.writeUInt32BE(value - high * two32, 4);
  return cell;
}

export function bigintCell(value: bigint): Buffer {
  const cell = Buffer.allocUnsafe(8);
  cell.writeBigInt64BE(value, 0);
  return cell;
}

export function doubleCell(value: number): Buffer {
  const cell = Buffer.allocUnsafe(8);
  cell.writeDoubleBE(value, 0);
  return cell;
}

export function intCell(value: number): Buffer {
  const cell = Buffer.allocUnsafe(4);
  cell.writeInt32BE(value, 0);
  return cell;
}

export const textCell = (value: string) => Buffer.from(value, "utf8");

/** A frozen map of text to text; its keys in order of their bytes, as the server keeps them. */
export function mapCell(entries: Iterable<readonly [string, string]>): Buffer {
  const cells = [...entries].map(([key, value]) => [textCell(key), textCell(value)] as const);
  cells.sort(([a], [b]) => Buffer.compare(a, b));
  const parts: Buffer[] = [intCell(cells.length)];
  for (const pair of cells) for (const cell of pair) parts.push(intCell(cell.byteLength), cell);
  return Buffer.concat(parts);
}

/** The same memory. */
export const blobCell = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
