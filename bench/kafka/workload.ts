import { bareDriver } from "../cassandra/bare-driver.ts";
import type { Workload } from "../workload.ts";
import { kafkaGraph } from "./engine-graph.ts";
import { kafkajs } from "./kafkajs.ts";

/**
 * Data:   900,000 observations of 1,000 series, a sensor's minute in each of 15,000 records of a topic with four partitions.
 * Result: the rows and their rollups to 1m, 1h and 1d in Cassandra, each write acknowledged, and the offsets committed.
 * Checks: the count of rows and the sums of times and values, read back; every row is counted in the days too.
 *
 * The peers are the limits: reading and decoding alone, and writing the same rows in the same batches alone.
 */
export const kafka: Workload = {
  name: "kafka",
  rowsDefault: 900_000,
  subject: kafkaGraph,
  peers: [kafkajs, bareDriver],
};
