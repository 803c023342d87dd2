import { valueText } from "../../blocks/model/json-output.ts";
import { formatTimestamp } from "../../blocks/model/timestamp.ts";
import { base64Of } from "../../blocks/model/value.ts";
import type { Cell } from "../../blocks/query/query-result.ts";

/** Columns whose numbers are timestamps, ms since the epoch. */
const timeColumns: ReadonlySet<string> = new Set(["timestamp", "first_time", "last_time"]);

export function isTime(column: string, cell: Cell): cell is number {
  return typeof cell === "number" && timeColumns.has(column);
}

/**
 * A cell as bare text: timestamps as `2020-01-02T03:04:05.678Z`, numbers in their shortest exact form, integers with all their
 * digits, bytes as base64, other objects as JSON, no value as empty text.
 */
export function cellText(column: string, cell: Cell): string {
  if (cell === null) return "";
  if (isTime(column, cell)) return formatTimestamp(cell);
  // `String` drops the sign of zero.
  if (Object.is(cell, -0)) return "-0";
  if (cell instanceof Uint8Array) return base64Of(cell);
  return typeof cell === "object" ? cellJson(column, cell) : String(cell);
}

/** A cell as JSON text; a number that is not finite is `null`. */
export function cellJson(column: string, cell: Cell): string {
  return isTime(column, cell) ? `"${formatTimestamp(cell)}"` : valueText("json", cell);
}
