import type { Receipt } from "../../runtime/receipt.ts";
import type { Column } from "./columns.ts";
import type { Layout } from "./data-type.ts";
import type { SeriesTable } from "./series.ts";

/**
 * Data points of any number of series, all of one layout, in the order of their arrival: what flows between sources, blocks and
 * sinks. Row `i` is (`table.at(series[i])`, `time[i]`, `values[i]`). Its columns belong to it and are never written after it was
 * handed on, so several stages may hold the same chunk. Columns may be longer than `length`.
 */
export class ObservationChunk {
  readonly table: SeriesTable;
  readonly layout: Layout;
  readonly length: number;
  /** Index of the series in `table`. */
  readonly series: Uint32Array;
  /** Milliseconds since the epoch, UTC; whole numbers. */
  readonly time: Float64Array;
  readonly values: Column;
  readonly receipt: Receipt;

  constructor(
    table: SeriesTable,
    layout: Layout,
    length: number,
    columns: { series: Uint32Array; time: Float64Array; values: Column },
    receipt: Receipt,
  ) {
    this.table = table;
    this.layout = layout;
    this.length = length;
    this.series = columns.series;
    this.time = columns.time;
    this.values = columns.values;
    this.receipt = receipt;
  }

  /** The same rows under another receipt. */
  under(receipt: Receipt): ObservationChunk {
    return new ObservationChunk(this.table, this.layout, this.length, this, receipt);
  }
}
