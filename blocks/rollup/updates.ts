import type { Receipt } from "../../runtime/receipt.ts";
import type { SeriesTable } from "../model/series.ts";
import type { SeriesNumbers } from "./series-numbers.ts";
import type { StateTable } from "./state-table.ts";
import type { SeriesRevisions } from "./write-revisions.ts";

/** First-period buckets that changed, on their way to the aggregation block, with a hold on every receipt behind them. */
export class BucketUpdates {
  readonly table: SeriesTable;
  readonly states: StateTable;
  /** Newest stored timestamp of each of their series, as it was before; `-Infinity` where it had none. */
  readonly newestBefore: SeriesNumbers;
  /** What the buckets of each series are as of. */
  readonly revisionOf: SeriesRevisions;
  readonly receipts: readonly Receipt[];

  constructor(given: Pick<BucketUpdates, "table" | "states" | "newestBefore" | "revisionOf" | "receipts">) {
    this.table = given.table;
    this.states = given.states;
    this.newestBefore = given.newestBefore;
    this.revisionOf = given.revisionOf;
    this.receipts = given.receipts;
  }
}

/** Series that got data points, on their way to the tag block, with a hold on every receipt behind them. */
export class TagUpdates {
  readonly table: SeriesTable;
  /** Timestamps, ascending and unique, ms since the epoch; at least one. */
  readonly touched: readonly { readonly series: number; readonly time: Float64Array }[];
  readonly receipts: readonly Receipt[];

  constructor(table: SeriesTable, touched: TagUpdates["touched"], receipts: readonly Receipt[]) {
    this.table = table;
    this.touched = touched;
    this.receipts = receipts;
  }
}
