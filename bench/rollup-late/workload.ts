import { duckDb } from "../duckdb.ts";
import { blockStages } from "../rollup/block-stages.ts";
import { lateSensorRows, sensorRows } from "../sensor-rows.ts";
import type { Workload } from "../workload.ts";
import { rxjsLate } from "./rxjs.ts";

const from = "(select distinct series, time, value from observations)";

/**
 * Data:   as `rollup`, but 5 % of the rows arrive 1 to 60 s late, and 1 % twice.
 * Result: as `rollup`: every row counts once.
 * Checks: as `rollup`, and so the same buckets as without delays: `millrace-in-order` gets the rows so, each once.
 */
export const rollupLate: Workload = {
  name: "rollup-late",
  rowsDefault: 5_000_000,
  warmUps: 10,
  subject: blockStages(lateSensorRows, false),
  peers: [
    blockStages(lateSensorRows, true),
    { ...blockStages(sensorRows, false), name: "millrace-in-order" },
    rxjsLate,
    duckDb("duckdb", { input: lateSensorRows, from, timesLoading: true }),
    duckDb("duckdb-query", { input: lateSensorRows, from, timesLoading: false }),
  ],
};
