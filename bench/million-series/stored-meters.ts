import { rm } from "node:fs/promises";
import { SeriesTable } from "../../blocks/model/series.ts";
import type { Store } from "../../blocks/model/store.ts";
import { openEmbeddedStore } from "../../connectors/embedded/embedded-store.ts";
import { benchFolder } from "../bench-folder.ts";
import { BucketSums } from "../bucket-checksum.ts";
import type { Checksum } from "../checksum.ts";
import { PeakMemory } from "../peak-memory.ts";
import { bucketsOf, rollUpChunks } from "../rollup/block-stages.ts";
import type { Participant } from "../workload.ts";
import { internMeters, meterChunks, rounds } from "./meter-rows.ts";

/**
 * The blocks and the embedded store at their default settings: chunks of 1,024 rows through the message and the aggregation block,
 * which write raw rows and the buckets of a minute, an hour and a day. On the clock: naming the series, opening, all rows durable,
 * closing.
 */
export const storedMeters: Participant = {
  name: "millrace",
  async open({ rows, seed }) {
    return {
      async prepare() {
        const folder = await benchFolder();
        const memory = new PeakMemory();
        return {
          elements: rows,
          async run() {
            const store = await openEmbeddedStore(folder);
            const table = internMeters(new SeriesTable(), rows / rounds);
            await rollUpChunks(
              function* (heard) {
                for (const chunk of meterChunks(rows, seed, table, heard)) {
                  memory.sample();
                  yield chunk;
                }
              },
              rows,
              table,
              store,
              ["1m", "1h", "1d"],
            );
            memory.sample();
            await store.close();
          },
          async finish() {
            const store = await openEmbeddedStore(folder, { readOnly: true });
            const checksum = await metersChecksum(store, rows / rounds);
            await store.close();
            await rm(folder, { recursive: true });
            return checksum;
          },
          anonymousMb: () => memory.mb,
        };
      },
    };
  },
};

/** Every hour and every day that the store holds of the meters. */
async function metersChecksum(store: Store, meters: number): Promise<Checksum> {
  const table = internMeters(new SeriesTable(), meters);
  const sums = new BucketSums();
  for (let from = 0; from < meters; from += slice) {
    const ranges = Array.from({ length: Math.min(slice, meters - from) }, (_, place) => ({
      ...{ series: table.at(from + place), from: 0, to: Number.MAX_SAFE_INTEGER },
    }));
    for (const period of ["1h", "1d"]) {
      for (const { floats = new Float64Array(0) } of await store.readStates(period, ranges)) {
        for (const bucket of bucketsOf(floats)) sums.add(bucket);
      }
    }
  }
  const { counts, ...others } = sums.checksum;
  // Each row is in an hour and in a day.
  return { counts: { ...counts, rows: (counts.rows ?? 0) / 2 }, ...others };
}

const slice = 8_192;
