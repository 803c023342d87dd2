import { blockStages } from "../rollup/block-stages.ts";
import { rxjsInOrder } from "../rollup/rxjs.ts";
import { sensorRows } from "../sensor-rows.ts";
import type { Workload } from "../workload.ts";

/**
 * Data:   200,000 decoded messages of one point each, of 1,000 series in turn, in order.
 * Result: as `rollup`. The engine takes each message as a chunk of its own, under a receipt of its own, and making
 *         both, as a decoder would, is on the clock.
 * Checks: as `rollup`.
 */
export const onePoint: Workload = {
  name: "one-point",
  rowsDefault: 200_000,
  subject: blockStages(sensorRows, false, 1),
  peers: [rxjsInOrder],
};
