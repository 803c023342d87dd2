import type { Batch, BatchRow, Parameter } from "./client.ts";

export interface BatchLimits {
  /** Bytes of the cells of one batch; a single row may be larger. */
  readonly bytesMax: number;
  readonly rowsMax: number;
}

/**
 * Cuts rows of one partition into batches, made one by one as they are drawn.
 *
 * @param rows The parameters of each row, those of the partition key first; they become the batch's own.
 */
export function* partitionBatches(
  { query, timestamp }: { readonly query: string; readonly timestamp: number },
  rows: Iterable<Parameter[]>,
  { bytesMax, rowsMax }: BatchLimits,
): Generator<Batch, void, undefined> {
  let batch: BatchRow[] = [];
  let bytes = 0;
  for (const params of rows) {
    const rowBytes = bytesOf(params);
    if (batch.length > 0 && (batch.length >= rowsMax || bytes + rowBytes > bytesMax)) {
      yield { rows: batch, timestamp };
      batch = [];
      bytes = 0;
    }
    batch.push({ query, params });
    bytes += rowBytes;
  }
  if (batch.length > 0) yield { rows: batch, timestamp };
}

/** Kind, identifier and number of values of a prepared statement in a batch (CQL binary protocol v4, section 4.1.7). */
const statementBytes = 21;

/** With the length of each cell. */
function bytesOf(cells: readonly Parameter[]): number {
  let bytes = statementBytes + 4 * cells.length;
  for (const cell of cells) if (cell !== undefined) bytes += cell.byteLength;
  return bytes;
}
