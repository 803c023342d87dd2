import type { Batch } from "kafkajs";

/** What kafkajs has and does not declare. Its version is pinned, and `test/connectors/kafka` would notice. */
export interface ICompressionCodec {
  compress(encoder: { readonly buffer: Buffer }): Promise<Buffer>;
  decompress(bytes: Buffer): Promise<Buffer>;
}

/** Where the fetch that brought the batch began: the offset that was asked for. */
export function fetchedOffsetOf(batch: Batch): number {
  return Number((batch as Batch & { readonly fetchedOffset: string }).fetchedOffset);
}
