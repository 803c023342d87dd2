import type { ObservationChunk } from "../model/observation-chunk.ts";

/** By series of a batch: µs since the epoch; undefined where its rows came from where no entry is kept. */
export type SeriesRevisions = (series: number) => number | undefined;

/**
 * Numbers the writes of one writer, so that what was made from more of the input stands over what was made from less of it,
 * however often, by whom and in whatever order the writes reach the store.
 *
 * A batch ends at a record of each lane and holds everything of the lane before it that was not held already. So of two batches
 * that disagree on a key of a series of the lane, the right one ends later there, and a revision says where that is: it is the
 * entry of the last record of the lane. A repeat after a failure, or a writer that was replaced without noticing, comes to the same
 * numbers or to lower ones. Entries of other lanes have no part in it: the other writer may not have read those.
 */
export class WriteRevisions {
  /** By lane; there are as many as partitions are read. */
  readonly #last = new Map<object | undefined, number>();

  next(chunks: readonly ObservationChunk[]): SeriesRevisions {
    const entries = new Map<object | undefined, number>();
    for (const { receipt } of chunks) {
      const { enteredAt, lane } = receipt;
      if (enteredAt !== undefined) entries.set(lane, Math.max(enteredAt, entries.get(lane) ?? 0));
    }
    const revisions = new Map<object | undefined, number>();
    for (const [lane, enteredAt] of entries) {
      // One record may make several writes: derived points come after those they derive from.
      const revision = Math.max(Math.floor(enteredAt * 1000), (this.#last.get(lane) ?? 0) + 1);
      this.#last.set(lane, revision);
      revisions.set(lane, revision);
    }
    const [only, ...others] = new Set(chunks.map(({ receipt }) => revisions.get(receipt.lane)));
    return others.length === 0 ? () => only : bySeries(chunks, revisions);
  }
}

/** A series that comes in several lanes goes by the highest. */
function bySeries(
  chunks: readonly ObservationChunk[],
  revisions: ReadonlyMap<object | undefined, number>,
): SeriesRevisions {
  const found = new Map<number, number>();
  for (const { receipt, series, length } of chunks) {
    const revision = receipt.enteredAt === undefined ? undefined : revisions.get(receipt.lane);
    if (revision === undefined) continue;
    let before = -1;
    for (let row = 0; row < length; row += 1) {
      const index = series[row] as number;
      if (index !== before && revision > (found.get(index) ?? 0)) found.set(index, revision);
      before = index;
    }
  }
  return (series) => found.get(series);
}
