import type { Batch, Parameter } from "./client.ts";

export interface BatchLimits {
  /** Bytes of the cells of one batch; a single row may be larger. */
  readonly bytesMax: number;
  readonly rowsMax: number;
}

/**
 * Cuts rows of one partition into batches, made one by one as they are drawn.
 *
 * @param key The cells of the partition key, with which each row begins.
 * @param rows The cells of each row behind the key.
 */
export function* partitionBatches(
  { query, timestamp }: Pick<Batch, "query" | "timestamp">,
  key: readonly Buffer[],
  rows: Iterable<readonly Parameter[]>,
  { bytesMax, rowsMax }: BatchLimits,
): Generator<Batch, void, undefined> {
  const keyBytes = statementBytes + bytesOf(key);
  let batch: (readonly Parameter[])[] = [];
  let bytes = 0;
  for (const cells of rows) {
    const rowBytes = keyBytes + bytesOf(cells);
    if (batch.length > 0 && (batch.length >= rowsMax || bytes + rowBytes > bytesMax)) {
      yield { query, rows: batch, timestamp };
      batch = [];
      bytes = 0;
    }
    batch.push([...key, ...cells]);
    bytes += rowBytes;
  }
  if (batch.length > 0) yield { query, rows: batch, timestamp };
}

/** Kind, identifier and number of values of a prepared statement in a batch (CQL binary protocol v4, section 4.1.7). */
const statementBytes = 21;

/** Each with its length. */
function bytesOf(cells: readonly Parameter[]): number {
  let bytes = 0;
  for (const cell of cells) bytes += 4 + (cell?.byteLength ?? 0);
  return bytes;
}
