import { encodeProtobufMessages } from "../../blocks/model/protobuf-output.ts";
import { ObservationChunk } from "../../blocks/model/observation-chunk.ts";
import { SeriesTable } from "../../blocks/model/series.ts";
import { Receipt } from "../../runtime/receipt.ts";
import { internSensors } from "../sensor-chunks.ts";
import { sensorRows, seriesCount } from "../sensor-rows.ts";

/** Messages of `points` data points each, of one sensor after the other; fewer in the last ones of each sensor. */
export function sensorMessages({ rows, seed }: { rows: number; seed: number }, points: number): Uint8Array[] {
  const table = internSensors(new SeriesTable());
  const columns = sensorRows(rows, seed);
  const messages: Uint8Array[] = [];
  for (let from = 0; from < rows; from += points * seriesCount) {
    const to = Math.min(rows, from + points * seriesCount);
    // Consecutive rows of one series make one message.
    const order = Uint32Array.from({ length: to - from }, (_, row) => from + row);
    if (points > 1) order.sort((a, b) => (columns.series[a] as number) - (columns.series[b] as number) || a - b);
    const part = {
      series: Uint32Array.from(order, (row) => columns.series[row] as number),
      time: Float64Array.from(order, (row) => columns.time[row] as number),
      values: Float64Array.from(order, (row) => columns.values[row] as number),
    };
    const chunk = new ObservationChunk(table, "float", to - from, part, new Receipt(0, ignore, ignore));
    for (const message of encodeProtobufMessages(chunk)) messages.push(message);
  }
  return messages;
}

function ignore(): void {}
