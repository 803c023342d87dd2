import { EngineError } from "../../runtime/errors.ts";
import { Tally } from "../../runtime/receipt.ts";
import type { ReplayStart, Retention } from "./buffer.ts";
import { formatTimestamp } from "./timestamp.ts";

/** What a partition keeps. */
export interface KeptRecords {
  readonly partition: number;
  /** Position of the oldest record, or of the next one to come; and when it entered, ms since the epoch. */
  readonly first: number;
  readonly firstAt: number | undefined;
  /** When the last record entered that was removed; undefined where none was. */
  readonly goneAt: number | undefined;
}

/** @throws {EngineError} `USAGE_INVALID` where a buffer with this retention keeps nothing that could be replayed. */
export function refuseWithoutRetention({ ms }: Retention): void {
  if (ms > 0) return;
  const rule = "it keeps nothing that is settled: its settings have no `retention`";
  throw new EngineError("USAGE_INVALID", `Cannot replay the buffer as ${rule}`);
}

/** @throws {EngineError} `USAGE_INVALID` where records that the replay should begin with were removed. */
export function refuseGone(start: ReplayStart, { partition, first, firstAt, goneAt }: KeptRecords): void {
  const isGone = "position" in start ? start.position < first : goneAt !== undefined && start.time <= goneAt;
  if (!isGone) return;
  const asked = "position" in start ? `position ${start.position}` : formatTimestamp(start.time);
  const oldest = firstAt === undefined ? `position ${first}` : `position ${first}, of ${formatTimestamp(firstAt)}`;
  throw new EngineError(
    "USAGE_INVALID",
    `Cannot replay from ${asked} as that is no longer kept: the oldest of partition ${partition} is ${oldest}`,
  );
}

/** The books of a consumer that reads `rows` again: they are in flight, and count as added. */
export function settledWithout(settled: Tally, rows: number): Tally {
  const tally = new Tally();
  tally.addAll(settled);
  tally.entered -= rows;
  tally.added += rows;
  return tally;
}
