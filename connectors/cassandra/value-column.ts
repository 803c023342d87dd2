import type { types } from "cassandra-driver";
import type { Column } from "../../blocks/model/columns.ts";
import { newColumn } from "../../blocks/model/columns.ts";
import { type DataType, layoutOf, type Position2d } from "../../blocks/model/data-type.ts";
import { blobCell, bigintCell, doubleCell, intCell, textCell } from "./cell.ts";

/** How the values of one type stand in the table of data points. */
export interface ValueColumn {
  /** Name of the column; no two types of one partition share it, so a value replaces the one before it. */
  readonly name: string;
  /** The cell of row `row` of a column of the type. */
  encode(values: Column, row: number): Buffer;
  /** From what the driver gives to what lies in a column of the type. */
  decode(stored: unknown): unknown;
}

export function valueColumnOf(type: DataType): ValueColumn {
  return columns.get(type) ?? customColumn;
}

/** The column of values of rows that the driver read, in their order. */
export function valuesOf(type: DataType, rows: readonly types.Row[]): Column {
  const { name, decode } = valueColumnOf(type);
  const values = newColumn(layoutOf(type), rows.length);
  for (const [at, row] of rows.entries()) values[at] = decode(row[name]);
  return values;
}

const yes = Buffer.from([1]);
const no = Buffer.from([0]);

const customColumn: ValueColumn = {
  name: "value_json",
  encode: (values, row) => textCell(JSON.stringify(values[row])),
  decode: (stored) => JSON.parse(stored as string) as unknown,
};

const columns: ReadonlyMap<string, ValueColumn> = new Map<string, ValueColumn>([
  [
    "tdouble",
    { name: "value_tdouble", encode: (values, row) => doubleCell(values[row] as number), decode: (stored) => stored },
  ],
  [
    "tlong",
    { name: "value_tlong", encode: (values, row) => bigintCell(values[row] as bigint), decode: (stored) => stored },
  ],
  [
    "tbool",
    {
      name: "value_tbool",
      encode: (values, row) => (values[row] === 0 ? no : yes),
      decode: (stored) => (stored === true ? 1 : 0),
    },
  ],
  [
    "ttext",
    {
      name: "value_ttext",
      encode: (values, row) => textCell(storedText(values[row] as string)),
      decode: (stored) => readText(stored as string),
    },
  ],
  [
    "tbinary",
    {
      name: "value_tbinary",
      encode: (values, row) => blobCell(values[row] as Uint8Array),
      // A copy: it does not hold on to the answer of the server.
      decode: (stored) => new Uint8Array(stored as Buffer),
    },
  ],
  [
    "pos2d",
    {
      name: "value_pos2d",
      encode(values, row) {
        const { latitude, longitude } = values[row] as Position2d;
        return Buffer.concat([intCell(8), doubleCell(latitude), intCell(8), doubleCell(longitude)]);
      },
      decode(stored) {
        const { latitude, longitude } = stored as Position2d;
        return { latitude, longitude };
      },
    },
  ],
]);

/** UTF-8 has no form for a lone surrogate: such a text is kept as JSON behind a mark that is no character. */
const mark = "\ufdd0";
const loneSurrogate = /\p{Surrogate}/u;

function storedText(text: string): string {
  return text.startsWith(mark) || loneSurrogate.test(text) ? `${mark}${JSON.stringify(text)}` : text;
}

function readText(stored: string): string {
  return stored.startsWith(mark) ? (JSON.parse(stored.slice(mark.length)) as string) : stored;
}
