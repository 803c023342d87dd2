import type { QueryResult } from "../../blocks/query/query-result.ts";
import { cellJson } from "./cell-text.ts";

/** An array of objects, one a line: `{"series":…,"timestamp":…,…}`. Integers have all their digits. */
export function* jsonRowsOf({ columns, rows }: QueryResult): Generator<string, void, undefined> {
  const keys = columns.map((column) => JSON.stringify(column));
  yield "[";
  let separator = "\n";
  for (const row of rows) {
    const members = row.map((cell, index) => `${keys[index]}:${cellJson(columns[index] ?? "", cell)}`);
    yield `${separator}{${members.join(",")}}`;
    separator = ",\n";
  }
  yield "\n]\n";
}
