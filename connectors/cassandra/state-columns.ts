import type { types } from "cassandra-driver";
import { valueText } from "../../blocks/model/json-output.ts";
import type { BucketResult, StateRows } from "../../blocks/model/store.ts";
import type { Parameter } from "./client.ts";
import { blobCell, bigintCell, doubleCell, longCell, mapCell } from "./cell.ts";

/** Columns of a rollup behind its key, in the order of `stateCells`. */
export const stateColumns = [
  "datetime",
  "floats",
  "bytes",
  "results",
  "count",
  "true_count",
  "first_datetime",
  "first",
  "last_datetime",
  "last",
  "min",
  "max",
  "sum",
  "s_sum",
] as const;

type ResultColumn = Exclude<(typeof stateColumns)[number], "datetime" | "floats" | "bytes" | "results">;

const resultColumns = stateColumns.slice(4) as readonly ResultColumn[];
const nothing = Buffer.alloc(0);

/**
 * The cells of one bucket. States that are absent are empty, not unset: they replace those of an earlier write, and need no
 * tombstone for it.
 */
export function stateCells(rows: StateRows, row: number, results: readonly BucketResult[]): Parameter[] {
  const { start, floats, bytes } = rows;
  const width = floats === undefined ? 0 : floats.length / start.length;
  const state = floats === undefined ? nothing : floatsCell(floats, row * width, width);
  const encoded = bytes?.[row];
  const readable = readableOf(results);
  return [
    longCell(start[row] as number),
    state,
    encoded === undefined ? nothing : blobCell(encoded),
    mapCell(readable.others),
    ...resultColumns.map((name) => readable.columns[name]),
  ];
}

/** States of rows that the driver read, in their order. */
export function statesOf(rows: readonly types.Row[]): StateRows {
  const start = Float64Array.from(rows, (row) => (row.datetime as Date).getTime());
  const width = rows.reduce((widest, row) => Math.max(widest, lengthOf(row.floats) / 8), 0);
  const hasBytes = rows.some((row) => lengthOf(row.bytes) > 0);
  return {
    start,
    ...(width > 0 && { floats: floatsOf(rows, width) }),
    ...(hasBytes && { bytes: rows.map((row) => new Uint8Array((row.bytes as Buffer | null) ?? nothing)) }),
  };
}

const lengthOf = (cell: unknown) => (cell as Buffer | null)?.byteLength ?? 0;

function floatsCell(floats: Float64Array, at: number, width: number): Buffer {
  const cell = Buffer.allocUnsafe(8 * width);
  for (let offset = 0; offset < width; offset += 1) cell.writeDoubleBE(floats[at + offset] as number, 8 * offset);
  return cell;
}

/** Where the rows differ in width, what is absent is NaN. */
function floatsOf(rows: readonly types.Row[], width: number): Float64Array {
  const floats = new Float64Array(rows.length * width).fill(Number.NaN);
  for (const [at, row] of rows.entries()) {
    const cell = (row.floats as Buffer | null) ?? nothing;
    for (let offset = 0; offset * 8 < cell.byteLength; offset += 1) {
      floats[at * width + offset] = cell.readDoubleBE(8 * offset);
    }
  }
  return floats;
}

interface Readable {
  readonly columns: Partial<Record<ResultColumn, Buffer>>;
  /** What fits no column, as JSON by derivator. */
  readonly others: [string, string][];
}

/** Results in the columns that fit them. One that is not in a column of its own keeps all its digits in `others`. */
function readableOf(results: readonly BucketResult[]): Readable {
  const columns: Readable["columns"] = {};
  const others: [string, string][] = [];
  for (const { derivator, type, value } of results) {
    if (derivator === "count" || derivator === "true_count") {
      columns[derivator] = typeof value === "bigint" ? bigintCell(value) : longCell(value as number);
    } else if (derivator === "first" || derivator === "last") {
      const dated = value as { readonly datetime: number; readonly value: unknown };
      columns[`${derivator}_datetime`] = longCell(dated.datetime);
      if (isNumber(dated.value)) columns[derivator] = doubleCell(Number(dated.value));
      else others.push([derivator, valueText(type.replace(/^date_/, ""), dated.value)]);
    } else if (isNumberColumn(derivator) && isNumber(value)) columns[derivator] = doubleCell(Number(value));
    else others.push([derivator, valueText(type, value)]);
  }
  return { columns, others };
}

const isNumber = (value: unknown) => typeof value === "number" || typeof value === "boolean";
const isNumberColumn = (name: string): name is "min" | "max" | "sum" | "s_sum" =>
  name === "min" || name === "max" || name === "sum" || name === "s_sum";
