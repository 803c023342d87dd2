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

/** The same memory three ways. What is encoded into it starts at a multiple of 8. */
export interface ChunkMemory {
  readonly bytes: Uint8Array;
  readonly words: Uint32Array;
  readonly floats: Float64Array;
}

/** Memory whose content is arbitrary. */
export function newChunkMemory(bytes: number): ChunkMemory {
  const { buffer } = Buffer.allocUnsafeSlow(Math.ceil(bytes / 8) * 8);
  return { bytes: new Uint8Array(buffer), words: new Uint32Array(buffer), floats: new Float64Array(buffer) };
}

/** Writes the chunk of `rows`, `chunkBytes` of them, from byte `at` on. */
export function encodeChunk(memory: ChunkMemory, at: number, rows: Rows): void {
  const count = rows.time.length;
  const total = rows.blobs === undefined ? 0 : blobBytesOf(rows);
  writeHeader(memory, at, count, rows.stride, rows.blobs !== undefined, total);
  const cellsAt = at + chunkHeaderBytes + count * 8;
  memory.floats.set(rows.time, (at + chunkHeaderBytes) / 8);
  putCells(memory, cellsAt, rows);
  if (rows.blobs === undefined) return;
  const endsAt = cellsAt + count * 8 * rows.stride;
  writeBlobs(memory, endsAt, endsAt + 4 * count, rows.blobs, 0);
}

/** Bytes of what `appendToChunk` writes. */
export function appendedBytes(chunk: Uint8Array, old: ChunkHeader, keeping: number, rows: Rows): number {
  const row = 8 + 8 * old.stride + (old.hasBlobs ? 4 : 0);
  const blobBytes = rows.blobs === undefined ? 0 : keptBlobBytes(chunk, old, keeping) + blobBytesOf(rows);
  return chunkHeaderBytes + (keeping + rows.time.length) * row + blobBytes;
}

/**
 * Writes, from byte `at` on, the first `keeping` rows of a chunk with others behind them: copies its columns without reading
 * them. Both carry the same.
 */
export function appendToChunk(
  memory: ChunkMemory,
  at: number,
  chunk: Uint8Array,
  old: ChunkHeader,
  keeping: number,
  rows: Rows,
): void {
  const { stride, hasBlobs } = old;
  const count = keeping + rows.time.length;
  const cell = 8 * stride;
  const timeAt = at + chunkHeaderBytes;
  const cellsAt = timeAt + count * 8;
  const oldCellsAt = chunkHeaderBytes + old.count * 8;
  if (keeping > 0) {
    memory.bytes.set(chunk.subarray(chunkHeaderBytes, chunkHeaderBytes + keeping * 8), timeAt);
    memory.bytes.set(chunk.subarray(oldCellsAt, oldCellsAt + keeping * cell), cellsAt);
  }
  memory.floats.set(rows.time, timeAt / 8 + keeping);
  putCells(memory, cellsAt + keeping * cell, rows);
  if (rows.blobs === undefined) {
    writeHeader(memory, at, count, stride, hasBlobs, 0);
    return;
  }
  const endsAt = cellsAt + count * cell;
  const blobsAt = endsAt + 4 * count;
  const kept = keptBlobBytes(chunk, old, keeping);
  const oldEndsAt = oldCellsAt + old.count * cell;
  const oldBlobsAt = oldEndsAt + 4 * old.count;
  writeHeader(memory, at, count, stride, hasBlobs, kept + blobBytesOf(rows));
  memory.bytes.set(chunk.subarray(oldEndsAt, oldEndsAt + 4 * keeping), endsAt);
  memory.bytes.set(chunk.subarray(oldBlobsAt, oldBlobsAt + kept), blobsAt);
  writeBlobs(memory, endsAt + 4 * keeping, blobsAt + kept, rows.blobs, kept);
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
}

export function chunkHeader(chunk: Uint8Array): ChunkHeader {
  const view = viewOf(chunk);
  return {
    count: view.getUint32(0, littleEndian),
    stride: view.getUint16(4, littleEndian),
    hasBlobs: view.getUint16(6, littleEndian) === 1,
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

function writeHeader(
  { words }: ChunkMemory,
  at: number,
  count: number,
  stride: number,
  hasBlobs: boolean,
  blobBytes: number,
): void {
  const word = at / 4;
  const flag = hasBlobs ? 1 : 0;
  words[word] = count;
  words[word + 1] = littleEndian ? stride | (flag << 16) : (stride << 16) | flag;
  words[word + 2] = blobBytes;
  words[word + 3] = 0;
}

function putCells(memory: ChunkMemory, at: number, rows: Rows): void {
  if (rows.floats === undefined) memory.words.set(rows.words, at / 4);
  else memory.floats.set(rows.floats, at / 8);
}

function writeBlobs(
  { bytes, words }: ChunkMemory,
  endsAt: number,
  blobsAt: number,
  blobs: readonly Uint8Array[],
  before: number,
): void {
  let written = 0;
  for (const [row, blob] of blobs.entries()) {
    bytes.set(blob, blobsAt + written);
    written += blob.byteLength;
    words[endsAt / 4 + row] = before + written;
  }
}

/** Bytes of the blobs of the first `keeping` rows of a chunk that has blobs. */
function keptBlobBytes(chunk: Uint8Array, { count, stride }: ChunkHeader, keeping: number): number {
  if (keeping === 0) return 0;
  return viewOf(chunk).getUint32(chunkHeaderBytes + count * 8 * (1 + stride) + 4 * (keeping - 1), littleEndian);
}

function blobBytesOf(rows: Rows): number {
  let sum = 0;
  for (const blob of rows.blobs ?? []) sum += blob.byteLength;
  return sum;
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
