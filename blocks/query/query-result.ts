import { EngineError } from "../../runtime/errors.ts";
import { base64Of } from "../model/value.ts";

/**
 * One value of an answer. A tlong is a number where that is exact, else a bigint; a tbinary a `Uint8Array`; pos2d and custom
 * types are their JSON; `null` is no value.
 */
export type Cell = string | number | boolean | bigint | null | object;

/** Name of the series, timestamp (ms since the epoch), then one cell a value. */
export type Row = [series: string, timestamp: number, ...values: Cell[]];

export interface QueryResult {
  /** `series`, `timestamp`, then the names of the values. */
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
}

/**
 * JSON that `resultFromJson` reads back exactly. What JSON has no word for travels as an object with one key: a bigint as
 * `{"long": digits}`, bytes as `{"binary": base64}`, -0 and what is not finite as `{"double": text}`, any other object as
 * `{"object": …}`.
 */
export function resultToJson(result: QueryResult): string {
  return JSON.stringify({ columns: result.columns, rows: result.rows.map((row) => row.map(packed)) });
}

/** @throws {EngineError} `MESSAGE_INVALID` where the text is not what `resultToJson` wrote. */
export function resultFromJson(text: string): QueryResult {
  const json = parsed(text);
  if (!isRecord(json)) throw invalid("an object must hold it");
  const { columns, rows } = json;
  if (!Array.isArray(columns) || !columns.every((column) => typeof column === "string")) {
    throw invalid("its columns must be a list of texts");
  }
  if (!Array.isArray(rows)) throw invalid("its rows must be a list");
  return { columns, rows: rows.map((row) => unpackedRow(row, columns.length)) };
}

function unpackedRow(json: unknown, length: number): Row {
  if (!Array.isArray(json) || json.length !== length) throw invalid("each row must have a cell a column");
  const [series, timestamp, ...values] = json.map(unpacked);
  if (typeof series !== "string" || typeof timestamp !== "number") {
    throw invalid("each row must begin with a text and a number");
  }
  return [series, timestamp, ...values];
}

function packed(cell: unknown): unknown {
  if (typeof cell === "bigint") return { long: String(cell) };
  if (Object.is(cell, -0)) return { double: "-0" };
  if (typeof cell === "number") return Number.isFinite(cell) ? cell : { double: String(cell) };
  if (typeof cell !== "object" || cell === null) return cell;
  if (cell instanceof Uint8Array) return { binary: base64Of(cell) };
  if (Array.isArray(cell)) return cell.map(packed);
  return { object: Object.fromEntries(Object.entries(cell).map(([key, value]) => [key, packed(value)])) };
}

function unpacked(json: unknown): Cell {
  if (Array.isArray(json)) return json.map(unpacked);
  if (!isRecord(json)) return json as Cell;
  const { long, double, binary, object } = json;
  if (typeof long === "string" && /^-?\d{1,400}$/.test(long)) return BigInt(long);
  if (typeof double === "string" && /^(?:-0|NaN|-?Infinity)$/.test(double)) return Number(double);
  if (typeof binary === "string") return new Uint8Array(Buffer.from(binary, "base64"));
  if (isRecord(object)) return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, unpacked(value)]));
  throw invalid("an object in it must be a long, a double, a binary or an object");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalid("it must be JSON", cause);
  }
}

function isRecord(json: unknown): json is Record<string, unknown> {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

function invalid(rule: string, cause?: unknown): EngineError {
  return new EngineError("MESSAGE_INVALID", `Cannot read the answer to a query as ${rule}`, { cause });
}
