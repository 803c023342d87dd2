import type { Layout } from "./data-type.ts";

export type Column = Float64Array | BigInt64Array | unknown[];

/** The column type of each layout; see `Layout`. */
export interface ColumnOf {
  float: Float64Array;
  long: BigInt64Array;
  boxed: unknown[];
}

/** Data points of one series, ascending and unique in time. Both columns have the same length. */
export interface Points {
  /** Milliseconds since the epoch, UTC. */
  readonly time: Float64Array;
  /** In the layout of the series' type. */
  readonly values: Column;
}

/** A new column of `length` rows; zeros, or `undefined` where boxed. */
export function newColumn<L extends Layout>(layout: L, length: number): ColumnOf[L] {
  const column =
    layout === "float"
      ? new Float64Array(length)
      : layout === "long"
        ? new BigInt64Array(length)
        : new Array<unknown>(length);
  return column as ColumnOf[L];
}
