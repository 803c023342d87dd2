import type { DataType } from "../../blocks/model/data-type.ts";
import { checkerOf, shown, ValueFault } from "../../blocks/model/value.ts";

/** From the text of a cell to what lies in a column, or a fault. */
export type CellReader = (cell: string) => unknown;

const number = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const flags: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["1", true],
  ["false", false],
  ["0", false],
]);

/**
 * How the cells of a type are written. tdouble: a number with a point, exponents allowed; tlong: an integer; tbool: `true`, `false`,
 * `1`, `0`, in any case; ttext: as it stands; tbinary: base64; pos2d: `{"latitude": …, "longitude": …}`.
 * Spaces around all but texts are ignored.
 *
 * @returns undefined where there is no such type.
 */
export function cellReader(type: DataType): CellReader | undefined {
  const check = checkerOf(type);
  if (check === undefined) return undefined;
  if (type === "ttext") return check;
  if (type === "tdouble") {
    return (cell) => {
      const text = cell.trim();
      return check(number.test(text) ? Number(text) : cell);
    };
  }
  if (type === "tbool") return (cell) => check(flags.get(cell.trim().toLowerCase()) ?? cell);
  if (type === "tlong") return (cell) => check(cell.trim().replace(/^\+(?=\d)/, ""));
  if (type === "tbinary") return (cell) => check(cell.trim());
  return (cell) => {
    try {
      return check(JSON.parse(cell));
    } catch {
      return new ValueFault(`Cannot accept a ${type} as its cell must be JSON: it is ${shown(cell)}`);
    }
  };
}
