import type { Batch, Parameter } from "./client.ts";

export interface BatchLimits {
  /** Bytes of the cells of one batch; a single row may be larger. */
  readonly bytesMax: number;
  readonly rowsMax: number;
}

/**
 * Cuts rows of one partition into batches.
 *
 * @param key The cells of the partition key, with which each row begins.
 * @param cellsOf The cells of row `row` behind the key.
 */
export function* partitionBatches(
  given: {
    readonly query: string;
    readonly key: readonly Buffer[];
    readonly from: number;
    readonly to: number;
    readonly cellsOf: (row: number) => readonly Parameter[];
    readonly timestamp: number;
  },
  { bytesMax, rowsMax }: BatchLimits,
): Generator<Batch, void, undefined> {
  const { query, key, from, to, cellsOf, timestamp } = given;
  const keyBytes = bytesOf(key);
  let rows: (readonly Parameter[])[] = [];
  let bytes = 0;
  for (let row = from; row < to; row += 1) {
    const cells = cellsOf(row);
    const rowBytes = keyBytes + bytesOf(cells);
    if (rows.length > 0 && (rows.length >= rowsMax || bytes + rowBytes > bytesMax)) {
      yield { query, rows, timestamp };
      rows = [];
      bytes = 0;
    }
    rows.push([...key, ...cells]);
    bytes += rowBytes;
  }
  if (rows.length > 0) yield { query, rows, timestamp };
}

/** Length, and the value of a cell; and what a statement of a batch begins with. */
function bytesOf(cells: readonly Parameter[]): number {
  let bytes = 24;
  for (const cell of cells) bytes += 4 + (cell?.byteLength ?? 0);
  return bytes;
}
