import type { Workload } from "../workload.ts";
import { duckDbMeters } from "./duckdb.ts";
import { storedMeters } from "./stored-meters.ts";

/**
 * Data:   ten observations of each of a million series, a quarter of an hour apart, in rounds over all series in a random but
 *         fixed order: no two rows of a write are of one series, and what is known of a series is forgotten before its next row.
 * Result: the rows and the buckets of a minute, an hour and a day at rest in a folder of this disk.
 * Checks: the counts of buckets and rows exactly, the sum of each derivator over all hours and days within 1e-12.
 * Claim:  at its default settings the engine needs less than 1 GiB of memory of its own.
 */
export const millionSeries: Workload = {
  name: "million-series",
  rowsDefault: 10_000_000,
  warmUps: 0,
  memoryMaxMb: 1_024,
  subject: storedMeters,
  peers: [duckDbMeters],
};
