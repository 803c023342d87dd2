import type { Workload } from "../workload.ts";
import { heavyGraph } from "./heavy-graph.ts";

/**
 * Data:   2.4 million observations of 1,000 series, once a second each, in order.
 * Result: the sample entropy of every series and 10 minutes, besides the built-in derivators.
 * Checks: the counts of buckets and rows exactly, the sum of the entropies within 1e-12.
 */
export const heavy: Workload = {
  name: "heavy",
  rowsDefault: 2_400_000,
  subject: heavyGraph("millrace-pool", true),
  peers: [heavyGraph("millrace-one-thread", false)],
};
