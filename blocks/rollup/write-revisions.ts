import { lastEntered, type Receipt } from "../../runtime/receipt.ts";

/**
 * Numbers the writes of one writer, so that what was made from more of the input stands over what was made from less of it,
 * however often, by whom and in whatever order the writes reach the store.
 *
 * A batch ends at a record of its buffer and holds everything before it that was not held already. So of two batches that
 * disagree on a key, the right one ends later, and a revision says where a batch ends: it is the entry of its last record. A
 * repeat after a failure, or a writer that was replaced without noticing, comes to the same numbers or to lower ones.
 */
export class WriteRevisions {
  #last = 0;

  /** @returns µs since the epoch, ascending; undefined where the rows came from no durable buffer. */
  next(receipts: readonly Receipt[]): number | undefined {
    const enteredAt = lastEntered(receipts);
    if (enteredAt === undefined) return undefined;
    // One record may make several writes: derived points come after those they derive from.
    this.#last = Math.max(enteredAt * 1000, this.#last + 1);
    return this.#last;
  }
}
