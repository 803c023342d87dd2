import { rm } from "node:fs/promises";
import { SeriesTable } from "../../blocks/model/series.ts";
import { openEmbeddedStore } from "../../connectors/embedded/embedded-store.ts";
import { benchFolder } from "../bench-folder.ts";
import { storedChecksum } from "../end-to-end/stored-checksum.ts";
import { rollUp } from "../rollup/block-stages.ts";
import { internSensors } from "../sensor-chunks.ts";
import { type SensorRows, sensorRows } from "../sensor-rows.ts";
import type { Participant } from "../workload.ts";

/**
 * The blocks and the embedded store, without a buffer: chunks through the message and the aggregation block, which
 * write raw rows and the buckets of a minute, an hour and a day. On the clock: opening, all rows durable, closing.
 */
export const storedRollups: Participant = {
  name: "millrace",
  async open({ rows, seed }) {
    const columns = sensorRows(rows, seed);
    return {
      async prepare() {
        const folder = await benchFolder();
        return {
          elements: columns.length,
          run: () => storeRollups(folder, columns),
          async finish() {
            const checksum = await storedChecksum(folder);
            await rm(folder, { recursive: true });
            return checksum;
          },
        };
      },
    };
  },
};

export async function storeRollups(folder: string, rows: SensorRows): Promise<void> {
  const store = await openEmbeddedStore(folder);
  await rollUp(rows, internSensors(new SeriesTable()), store, ["1m", "1h", "1d"]);
  await store.close();
}
