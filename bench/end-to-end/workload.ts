import type { Workload } from "../workload.ts";
import { bareLmdb } from "./bare-lmdb.ts";
import { diskGraph } from "./disk-graph.ts";

/**
 * Data:   2 million observations of 1,000 series, once a second each, in order.
 * Result: the rows at rest in a folder of this disk, every write behind an fsync; the engine adds rollups to 1m, 1h and 1d.
 * Checks: the count of rows and the sums of times and values, read back from the files; the engine's count in the days too.
 */
export const endToEnd: Workload = {
  name: "end-to-end",
  rowsDefault: 2_000_000,
  subject: diskGraph,
  peers: [bareLmdb],
};
