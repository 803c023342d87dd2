import { duckDb } from "../duckdb.ts";
import { sensorRows } from "../sensor-rows.ts";
import type { Workload } from "../workload.ts";
import { blockStages } from "./block-stages.ts";
import { rxjsInOrder } from "./rxjs.ts";

const from = "observations";

/**
 * Data:   5 million observations of 1,000 series, once a second each, in order.
 * Result: count, first, last, min, max, sum and sum of squares of every series and minute.
 * Checks: the counts of buckets and rows exactly, the sum of each derivator over all buckets within 1e-12.
 */
export const rollup: Workload = {
  name: "rollup",
  rowsDefault: 5_000_000,
  warmUps: 10,
  subject: blockStages(sensorRows, false),
  peers: [
    blockStages(sensorRows, true),
    rxjsInOrder,
    duckDb("duckdb", { input: sensorRows, from, timesLoading: true }),
    duckDb("duckdb-query", { input: sensorRows, from, timesLoading: false }),
    duckDb("duckdb-query-1", { input: sensorRows, from, timesLoading: false, threads: 1 }),
  ],
};
