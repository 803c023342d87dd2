import { bareLmdb } from "../end-to-end/bare-lmdb.ts";
import type { Workload } from "../workload.ts";
import { sameTransactions } from "./same-transactions.ts";
import { storedRollups } from "./stored-rollups.ts";

/**
 * Data:   8 million observations of 1,000 series, once a second each, in order: 31 writes, as the first and the last of them
 *         overlap with nothing.
 * Result: the rows at rest in a folder of this disk, every write behind an fsync; the engine adds rollups to 1m, 1h and 1d.
 * Checks: as `end-to-end`.
 */
export const embeddedStore: Workload = {
  name: "embedded-store",
  rowsDefault: 8_000_000,
  subject: storedRollups,
  peers: [sameTransactions, bareLmdb],
};
