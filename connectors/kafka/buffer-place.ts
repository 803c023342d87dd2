import { settledWithout } from "../../blocks/model/replay-start.ts";
import { Tally } from "../../runtime/receipt.ts";
import type { Extent } from "./census.ts";

/** How far one consumer is in one partition, and what became of the rows before. It stands beside the offset of each commit. */
export interface BufferPlace {
  /** Offset after the last record that it committed. */
  readonly position: number;
  /** Rows of the records that it committed, as the records say; to be held against `settled`. */
  readonly rows: number;
  readonly settled: Tally;
  /** Records up to the one before this offset were committed once: what is read of them counts as added. */
  readonly again?: number;
}

/** What was known of a partition when a place was noted: what lies behind it, and what records have come to so far. */
export interface NotedExtents {
  readonly ahead: Extent;
  readonly seen: Extent;
}

/** Brokers keep notes of 4,096 bytes unless told otherwise (`offset.metadata.max.bytes`). */
const noteBytesMax = 4_000;

export function encodePlace({ rows, settled, again }: BufferPlace, extents: NotedExtents): string {
  const { filtered, deadLettered } = settled;
  const reasons = { filtered: [...filtered], deadLettered: [...deadLettered] };
  for (;;) {
    const counts = { entered: settled.entered, added: settled.added, durable: settled.durable, ...reasons };
    const note = JSON.stringify({ rows, again, ...extents, settled: counts });
    if (Buffer.byteLength(note) <= noteBytesMax) return note;
    const longest = reasons.filtered.length >= reasons.deadLettered.length ? "filtered" : "deadLettered";
    reasons[longest] = withoutSmallest(reasons[longest]);
  }
}

/** @returns undefined for a note that is not ours: somebody else set the offset. */
export function decodePlace(note: string, position: number): (NotedExtents & { place: BufferPlace }) | undefined {
  try {
    const { rows, again, ahead, seen = ahead, settled: stored } = JSON.parse(note) as StoredPlace;
    const settled = new Tally();
    settled.entered = stored.entered;
    settled.added = stored.added;
    settled.durable = stored.durable;
    for (const [reason, count] of stored.filtered) settled.filtered.set(reason, count);
    for (const [reason, count] of stored.deadLettered) settled.deadLettered.set(reason, count);
    return { place: { position, rows, settled, ...(again !== undefined && { again }) }, ahead, seen };
  } catch {
    return undefined;
  }
}

/** A place after more records were committed: so many rows at each position, and what became of them. */
export function placeAfter(
  before: BufferPlace,
  position: number,
  read: readonly { readonly position: number; readonly rows: number | undefined }[],
  settled: Tally,
): BufferPlace {
  const { again = 0 } = before;
  const sum = new Tally();
  sum.addAll(before.settled);
  sum.addAll(settled);
  let rows = before.rows;
  let rowsAgain = 0;
  for (const record of read) {
    if (record.position <= again) rowsAgain += record.rows ?? 0;
    else rows += record.rows ?? 0;
  }
  return { position, rows, settled: settledWithout(sum, rowsAgain), ...(again > position && { again }) };
}

/** A place after it was moved back. */
export function placeBefore({ again, ...place }: BufferPlace, position: number): BufferPlace {
  return { ...place, position, again: Math.max(again ?? 0, place.position) };
}

/** Where a consumer begins. */
export const newPlace = (position: number): BufferPlace => ({ position, rows: 0, settled: new Tally() });

type Counts = readonly (readonly [string, number])[];

/** The smallest count goes to that of all the others; the sum stays. */
function withoutSmallest(counts: Counts): [string, number][] {
  const named = counts.filter(([reason]) => reason !== others).toSorted(([, a], [, b]) => b - a);
  const [, smallest = 0] = named.pop() ?? [];
  const rest = counts.find(([reason]) => reason === others)?.[1] ?? 0;
  return [...named.map(([reason, count]): [string, number] => [reason, count]), [others, rest + smallest]];
}

const others = "other reasons";

interface StoredPlace {
  readonly rows: number;
  readonly again?: number;
  readonly ahead: Extent;
  readonly seen?: Extent;
  readonly settled: {
    readonly entered: number;
    readonly added: number;
    readonly durable: number;
    readonly filtered: Counts;
    readonly deadLettered: Counts;
  };
}
