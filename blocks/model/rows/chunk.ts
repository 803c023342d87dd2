import type { Rows } from "./rows.ts";

/**
 * A chunk is what stands at one key: rows of one track, as columns.
 *
 *     0  u32  rows
 *     4  u16  cells a row (stride)
 *     6  u16  1 where there are blobs
 *     8  u32  bytes of all blobs
 *    12  u32  0
 *    16  f64  time, one a row
 *        8 B  cells, `stride` a row
 *        u32  end of each blob, from the start of the blobs; then the blobs
 *
 * In the byte order of the machine; a version row of the other order is refused at opening, as no machine we run on has it.
 */
export const chunkHeaderBytes = 16;

export function chunkBytes(rows: Rows): number {
  const count = rows.time.length;
  return (
    chunkHeaderBytes + count * 8 * (1 + rows.stride) + (rows.blobs === undefined ? 0 : 4 * count + blobBytesOf(rows))
  );
}

export function encodeChunk(rows: Rows): Uint8Array {
  const chunk = Buffer.allocUnsafeSlow(chunkBytes(rows));
  encodeChunkInto(chunk, rows);
  return chunk;
}

/** Writes the chunk at the start of `target`, whose memory is aligned to 8 bytes. */
export function encodeChunkInto(target: Uint8Array, rows: Rows): void {
  const count = rows.time.length;
  const total = rows.blobs === undefined ? 0 : blobBytesOf(rows);
  writeHeader(target, { count, stride: rows.stride, hasBlobs: rows.blobs !== undefined, blobBytes: total });
  let at = chunkHeaderBytes;
  target.set(bytesOf(rows.time), at);
  at += count * 8;
  target.set(bytesOf(rows.words), at);
  at += count * 8 * rows.stride;
  if (rows.blobs !== undefined) writeBlobs(target, at, at + 4 * count, rows.blobs, 0);
}

/** The first `keeping` rows of a chunk with others behind them: copies its columns without reading them. Both carry the same. */
export function appendToChunk(chunk: Uint8Array, keeping: number, rows: Rows): Uint8Array {
  const old = chunkHeader(chunk);
  const added = rows.time.length;
  const count = keeping + added;
  const cell = 8 * old.stride;
  const oldBlobs = chunkHeaderBytes + old.count * (8 + cell + (old.hasBlobs ? 4 : 0));
  const kept =
    old.hasBlobs && keeping > 0 ? viewOf(chunk).getUint32(oldBlobs - 4 * (old.count - keeping + 1), littleEndian) : 0;
  const blobBytes = kept + (rows.blobs === undefined ? 0 : blobBytesOf(rows));
  const target = Buffer.allocUnsafeSlow(chunkHeaderBytes + count * (8 + cell + (old.hasBlobs ? 4 : 0)) + blobBytes);
  writeHeader(target, { ...old, count, blobBytes });
  const ends = chunkHeaderBytes + count * 8 + count * cell;
  const oldEnds = chunkHeaderBytes + old.count * 8 + old.count * cell;
  target.set(chunk.subarray(chunkHeaderBytes, chunkHeaderBytes + keeping * 8), chunkHeaderBytes);
  target.set(bytesOf(rows.time), chunkHeaderBytes + keeping * 8);
  const cells = chunkHeaderBytes + old.count * 8;
  target.set(chunk.subarray(cells, cells + keeping * cell), chunkHeaderBytes + count * 8);
  target.set(bytesOf(rows.words), ends - added * cell);
  if (rows.blobs === undefined) return target;
  target.set(chunk.subarray(oldEnds, oldEnds + 4 * keeping), ends);
  const blobsAt = ends + 4 * count;
  target.set(chunk.subarray(oldBlobs, oldBlobs + kept), blobsAt);
  writeBlobs(target, ends + 4 * keeping, blobsAt + kept, rows.blobs, kept);
  return target;
}

/** Views of `chunk`, whose memory is aligned to 8 bytes. */
export function decodeChunk(chunk: Uint8Array): Rows {
  const { count, stride, hasBlobs } = chunkHeader(chunk);
  const { buffer, byteOffset } = chunk;
  let at = byteOffset + chunkHeaderBytes;
  const time = new Float64Array(buffer, at, count);
  at += count * 8;
  const words = new Uint32Array(buffer, at, count * 2 * stride);
  at += count * 8 * stride;
  if (!hasBlobs) return { time, stride, words, blobs: undefined };
  const ends = new Uint32Array(buffer, at, count);
  at += count * 4;
  const blobs: Uint8Array[] = [];
  let start = 0;
  for (const end of ends) {
    blobs.push(new Uint8Array(buffer, at + start, end - start));
    start = end;
  }
  return { time, stride, words, blobs };
}

export interface ChunkHeader {
  readonly count: number;
  readonly stride: number;
  readonly hasBlobs: boolean;
  readonly blobBytes: number;
}

export function chunkHeader(chunk: Uint8Array): ChunkHeader {
  const view = viewOf(chunk);
  return {
    count: view.getUint32(0, littleEndian),
    stride: view.getUint16(4, littleEndian),
    hasBlobs: view.getUint16(6, littleEndian) === 1,
    blobBytes: view.getUint32(8, littleEndian),
  };
}

/** Time of the last row; a chunk has at least one. */
export function lastTimeOf(chunk: Uint8Array): number {
  const { count } = chunkHeader(chunk);
  return viewOf(chunk).getFloat64(chunkHeaderBytes + 8 * (count - 1), littleEndian);
}

/** Bytes with their start at a multiple of 8, copied only where they are not. */
export function aligned(bytes: Uint8Array): Uint8Array {
  if (bytes.byteOffset % 8 === 0) return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Uint8Array.from(bytes);
}

const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

function writeHeader(target: Uint8Array, header: ChunkHeader): void {
  const view = viewOf(target);
  view.setUint32(0, header.count, littleEndian);
  view.setUint16(4, header.stride, littleEndian);
  view.setUint16(6, header.hasBlobs ? 1 : 0, littleEndian);
  view.setUint32(8, header.blobBytes, littleEndian);
  view.setUint32(12, 0, littleEndian);
}

function writeBlobs(
  target: Uint8Array,
  endsAt: number,
  blobsAt: number,
  blobs: readonly Uint8Array[],
  before: number,
): void {
  const view = viewOf(target);
  let written = 0;
  for (const [row, blob] of blobs.entries()) {
    target.set(blob, blobsAt + written);
    written += blob.byteLength;
    view.setUint32(endsAt + 4 * row, before + written, littleEndian);
  }
}

function blobBytesOf(rows: Rows): number {
  let sum = 0;
  for (const blob of rows.blobs ?? []) sum += blob.byteLength;
  return sum;
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const bytesOf = (column: Float64Array | Uint32Array) =>
  new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
