import { Tally } from "../../runtime/receipt.ts";
import type { Extent } from "./census.ts";

/** How far one consumer is in one partition, and what became of the rows before. It stands beside the offset of each commit. */
export interface BufferPlace {
  /** Offset after the last record that it committed. */
  readonly position: number;
  /** Rows of the records that it committed, as the records say; to be held against `settled`. */
  readonly rows: number;
  readonly settled: Tally;
}

/** Brokers keep notes of 4,096 bytes unless told otherwise (`offset.metadata.max.bytes`). */
const noteBytesMax = 4_000;

/** @param ahead What was known to lie behind the place. */
export function encodePlace({ rows, settled }: BufferPlace, ahead: Extent): string {
  const { filtered, deadLettered } = settled;
  const reasons = { filtered: [...filtered], deadLettered: [...deadLettered] };
  for (;;) {
    const counts = { entered: settled.entered, added: settled.added, durable: settled.durable, ...reasons };
    const note = JSON.stringify({ rows, ahead, settled: counts });
    if (Buffer.byteLength(note) <= noteBytesMax) return note;
    const longest = reasons.filtered.length >= reasons.deadLettered.length ? "filtered" : "deadLettered";
    reasons[longest] = withoutSmallest(reasons[longest]);
  }
}

/** @returns undefined for a note that is not ours: somebody else set the offset. */
export function decodePlace(note: string, position: number): { place: BufferPlace; ahead: Extent } | undefined {
  try {
    const { rows, ahead, settled: stored } = JSON.parse(note) as StoredPlace;
    const settled = new Tally();
    settled.entered = stored.entered;
    settled.added = stored.added;
    settled.durable = stored.durable;
    for (const [reason, count] of stored.filtered) settled.filtered.set(reason, count);
    for (const [reason, count] of stored.deadLettered) settled.deadLettered.set(reason, count);
    return { place: { position, rows, settled }, ahead };
  } catch {
    return undefined;
  }
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
  readonly ahead: Extent;
  readonly settled: {
    readonly entered: number;
    readonly added: number;
    readonly durable: number;
    readonly filtered: Counts;
    readonly deadLettered: Counts;
  };
}
