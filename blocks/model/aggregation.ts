import type { Receipt } from "../../runtime/receipt.ts";
import type { Series } from "./series.ts";

/** One rolled-up value. */
export interface Aggregation {
  readonly series: Series;
  /** `1m`, `1h`, … */
  readonly period: string;
  /** Label of the bucket: its start, or its end where the graph says so; ms since the epoch, UTC. */
  readonly bucket: number;
  readonly derivator: string;
  /** Type of the value; `date_<type>` where it is `{datetime, value}` (`first`, `last`). */
  readonly type: string;
  readonly value: unknown;
}

/** Rolled-up values on their way to subscribers, after they were given to the store. */
export class AggregationChunk {
  readonly aggregations: readonly Aggregation[];
  readonly receipt: Receipt;

  constructor(aggregations: readonly Aggregation[], receipt: Receipt) {
    this.aggregations = aggregations;
    this.receipt = receipt;
  }
}
