import type { QueryResult } from "../../blocks/query/query-result.ts";
import { cellText } from "./cell-text.ts";

/** Characters after which a piece is handed on. */
const pieceMin = 65_536;

/**
 * CSV with a header: fields that hold a comma, a quote or a line break stand in quotes, and so does an empty text, which tells it
 * from no value. Lines end with one line feed. The same result gives the same bytes.
 *
 * @see RFC 4180, section 2; the line ends are ours.
 */
export function* csvOf({ columns, rows }: QueryResult): Generator<string, void, undefined> {
  let piece = `${columns.map(quoted).join(",")}\n`;
  for (const row of rows) {
    let separator = "";
    for (let index = 0; index < row.length; index += 1) {
      const cell = row[index] ?? null;
      const text = cellText(columns[index] ?? "", cell);
      piece += separator + (cell === "" ? '""' : quoted(text));
      separator = ",";
    }
    piece += "\n";
    if (piece.length >= pieceMin) {
      yield piece;
      piece = "";
    }
  }
  if (piece !== "") yield piece;
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
