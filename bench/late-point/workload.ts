import { rm } from "node:fs/promises";
import { SeriesTable } from "../../blocks/model/series.ts";
import { openEmbeddedStore } from "../../connectors/embedded/embedded-store.ts";
import { virtualClock } from "../../runtime/clock/virtual-clock.ts";
import { benchFolder } from "../bench-folder.ts";
import { storedChecksum } from "../end-to-end/stored-checksum.ts";
import { rollUp } from "../rollup/block-stages.ts";
import { chunkRowsMax } from "../../blocks/model/chunk-builder.ts";
import { internSensors } from "../sensor-chunks.ts";
import { type SensorRows, selectedRows, sensorRows } from "../sensor-rows.ts";
import type { Participant, Workload } from "../workload.ts";

/** One row of so many comes on the clock. */
const share = 40;
/** Rows that are recorded together. */
const grouper = { size: 1_000, duration: "1 s" };
const aggregators = ["1m", "1h", "1d"];

/**
 * The embedded store holds all rows but one of forty, which is recorded on the clock, a thousand rows at a time, and durable.
 *
 * @param late Chooses the rows that come on the clock, from all times and in any order, so that each reopens a bucket of each
 *   period; otherwise they are the newest.
 */
function latecomers(name: string, late: boolean): Participant {
  return {
    name,
    async open({ rows, seed }) {
      const columns = sensorRows(rows, seed);
      const { random } = virtualClock(0, seed + 1);
      const order = Float64Array.from({ length: rows }, (_, row) => (late ? random() : row / rows));
      const ranks = Uint32Array.from(order.keys()).sort((a, b) => (order[a] as number) - (order[b] as number));
      const before = rows - Math.floor(rows / share);
      const history = selectedRows(columns, ranks.slice(0, before).sort());
      const rest = selectedRows(columns, ranks.subarray(before));
      return { prepare: () => prepared(history, rest) };
    },
  };
}

async function prepared(history: SensorRows, rest: SensorRows) {
  const folder = await benchFolder();
  const store = await openEmbeddedStore(folder);
  const table = internSensors(new SeriesTable());
  await rollUp(history, table, store, aggregators);
  return {
    elements: rest.length,
    run: () => rollUp(rest, table, store, aggregators, chunkRowsMax, grouper),
    async finish() {
      await store.close();
      const checksum = await storedChecksum(folder);
      await rm(folder, { recursive: true });
      return checksum;
    },
  };
}

/**
 * Data:   2 million observations of 1,000 series, once a second each, of which one of forty comes on the clock.
 * Result: the rows and their rollups to 1m, 1h and 1d at rest, every write behind an fsync.
 * Checks: as `end-to-end`.
 */
export const latePoint: Workload = {
  name: "late-point",
  rowsDefault: 2_000_000,
  subject: latecomers("late", true),
  peers: [latecomers("in-order", false)],
  figures: (subjectRate, peerRate) => ({ us_per_point: 1e6 / subjectRate, peer_us_per_point: 1e6 / peerRate }),
};
