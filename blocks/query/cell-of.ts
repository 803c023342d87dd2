import type { DataType } from "../model/data-type.ts";
import type { Cell } from "./query-result.ts";

/** A column value, or a derivator's result, as a cell. NaN, which stands for a number that cannot be told, is `null`. */
export function cellOf(type: DataType, value: unknown): Cell {
  if (value === undefined || value === null) return null;
  if (type === "tbool" && typeof value === "number") return value !== 0;
  if (typeof value === "bigint") {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }
  if (typeof value === "number" && Number.isNaN(value)) return null;
  return value;
}
