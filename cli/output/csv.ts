import type { QueryResult } from "../../blocks/query/query-result.ts";
import { cellText } from "./cell-text.ts";

/**
 * CSV with a header, a line at a time: fields that hold a comma, a quote or a line break stand in quotes, and so does an empty
 * text, which tells it from no value. Lines end with one line feed. The same result gives the same bytes.
 *
 * @see RFC 4180, section 2; the line ends are ours.
 */
export function* csvOf({ columns, rows }: QueryResult): Generator<string, void, undefined> {
  yield `${columns.map(quoted).join(",")}\n`;
  for (const row of rows) {
    const fields = row.map((cell, index) => (cell === "" ? '""' : quoted(cellText(columns[index] ?? "", cell))));
    yield `${fields.join(",")}\n`;
  }
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
