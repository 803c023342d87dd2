import type { Workload } from "../workload.ts";
import { bareDriver } from "./bare-driver.ts";
import { engineGraph } from "./engine-graph.ts";

/**
 * Data:   300,000 observations of 1,000 series, once a second each, in order.
 * Result: the rows and their rollups to 1m, 1h and 1d in Cassandra, each write acknowledged.
 * Checks: the count of rows and the sums of times and values, read back; every row is counted in the days too.
 */
export const cassandra: Workload = {
  name: "cassandra",
  rowsDefault: 300_000,
  subject: engineGraph,
  peers: [bareDriver],
};
