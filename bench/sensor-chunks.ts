import { chunkRowsMax } from "../blocks/model/chunk-builder.ts";
import { ObservationChunk } from "../blocks/model/observation-chunk.ts";
import type { SeriesTable } from "../blocks/model/series.ts";
import { Receipt, type Tally } from "../runtime/receipt.ts";
import { type SensorRows, seriesCount } from "./sensor-rows.ts";

/** Makes the index of sensor `n` in the table `n`; for a new table. */
export function internSensors(table: SeriesTable): SeriesTable {
  for (let sensor = 0; sensor < seriesCount; sensor += 1) {
    table.intern("power", { sensor: String(sensor).padStart(4, "0") }, "tdouble");
  }
  return table;
}

/** The rows as chunks that are views of the columns, each under a receipt of its own, made as they are asked for. */
export function* sensorChunks(
  rows: SensorRows,
  table: SeriesTable,
  { settled, failed }: { settled: (tally: Tally) => void; failed: (error: Error) => void },
  chunkRows = chunkRowsMax,
): IterableIterator<ObservationChunk> {
  for (let from = 0; from < rows.length; from += chunkRows) {
    const to = Math.min(rows.length, from + chunkRows);
    const columns = {
      series: rows.series.subarray(from, to),
      time: rows.time.subarray(from, to),
      values: rows.values.subarray(from, to),
    };
    yield new ObservationChunk(table, "float", to - from, columns, new Receipt(to - from, settled, failed));
  }
}
