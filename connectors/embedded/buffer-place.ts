import { Tally } from "../../runtime/receipt.ts";

/** One consumer's place in one partition. */
export interface Place {
  readonly consumer: string;
  readonly partition: number;
  /** Position of the last record that it committed. */
  position: number;
  /** Rows of the records behind it. */
  pending: number;
  /** What became of the rows before. */
  settled: Tally;
  /** Whether the place on disk is this one. */
  saved: boolean;
}

/** What a partition has on disk besides its records. */
export interface PartitionTotals {
  /** Rows ever appended. */
  readonly appended: number;
  /** Position of the last record ever appended; none is used twice. */
  readonly position: number;
  /** When that record was appended; absent where a version wrote it that did not note it. */
  readonly enteredAt?: number;
  /** Every record up to this position was committed by every consumer once. */
  readonly settled?: number;
  /** The last record that was removed, and when it was appended. */
  readonly gone?: { readonly position: number; readonly at: number } | undefined;
}

export function encodePlace({ position, settled }: Pick<Place, "position" | "settled">): Buffer {
  const { entered, added, durable } = settled;
  const filtered = [...settled.filtered];
  const deadLettered = [...settled.deadLettered];
  return Buffer.from(JSON.stringify({ position, entered, added, durable, filtered, deadLettered }));
}

export function decodePlace(bytes: Buffer): Pick<Place, "position" | "settled"> {
  const stored = JSON.parse(bytes.toString("utf8")) as StoredPlace;
  const settled = new Tally();
  settled.entered = stored.entered;
  settled.added = stored.added;
  settled.durable = stored.durable;
  for (const [reason, rows] of stored.filtered) settled.filtered.set(reason, rows);
  for (const [reason, rows] of stored.deadLettered) settled.deadLettered.set(reason, rows);
  return { position: stored.position, settled };
}

export const encodeTotals = (totals: PartitionTotals) => Buffer.from(JSON.stringify(totals));
export const decodeTotals = (bytes: Buffer) => JSON.parse(bytes.toString("utf8")) as PartitionTotals;

/** What a consumer that joins now has behind it: rows that are gone already count as filtered, so that its books balance. */
export function settledBefore(rows: number): Tally {
  const tally = new Tally();
  tally.entered = rows;
  if (rows > 0) tally.filtered.set("before the consumer joined", rows);
  return tally;
}

interface StoredPlace {
  readonly position: number;
  readonly entered: number;
  readonly added: number;
  readonly durable: number;
  readonly filtered: readonly (readonly [string, number])[];
  readonly deadLettered: readonly (readonly [string, number])[];
}
