import type { QueryResult } from "../../blocks/query/query-result.ts";
import { chartOf } from "./chart.ts";
import { csvOf } from "./csv.ts";
import { inPieces } from "./in-pieces.ts";
import { jsonRowsOf } from "./json-rows.ts";
import { tableOf } from "./table.ts";

export const resultFormats = ["table", "csv", "json", "chart"] as const;
export type ResultFormat = (typeof resultFormats)[number];

export interface OutputStyle {
  /** Columns of the terminal; `Infinity` where nothing must be cut to fit. */
  readonly width: number;
  /** Whether ANSI escapes may be used. */
  readonly color: boolean;
}

/** The answer to a query for people (`table`, `chart`) or programs (`csv`, `json`), in pieces of text. */
export function formatResult(result: QueryResult, format: ResultFormat, style: OutputStyle): Iterable<string> {
  return inPieces(linesOf(result, format, style));
}

function linesOf(result: QueryResult, format: ResultFormat, style: OutputStyle): Iterable<string> {
  switch (format) {
    case "table":
      return tableOf(result, style);
    case "csv":
      return csvOf(result);
    case "json":
      return jsonRowsOf(result);
    case "chart":
      return chartOf(result, style);
  }
}
