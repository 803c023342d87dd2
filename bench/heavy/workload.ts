import type { Workload } from "../workload.ts";
import { bareThreads } from "./bare-threads.ts";
import { heavyGraph } from "./heavy-graph.ts";

/**
 * Data:   4.8 million observations of 1,000 series, once a second each, in order.
 * Result: the sample entropy of every series and 10 minutes, besides the built-in derivators.
 * Peers:  the engine without the pool; and one thread, or two, with nothing but the derivator: what two gain at that moment.
 * Checks: the counts of buckets and rows exactly, the sum of the entropies within 1e-12.
 */
export const heavy: Workload = {
  name: "heavy",
  rowsDefault: 4_800_000,
  subject: heavyGraph("millrace-pool", true),
  peers: [heavyGraph("millrace-one-thread", false), bareThreads("bare-thread", 1), bareThreads("bare-threads", 2)],
};
