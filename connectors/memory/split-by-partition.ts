import { newColumn } from "../../blocks/model/columns.ts";
import { ObservationChunk } from "../../blocks/model/observation-chunk.ts";

/** The rows of each partition, in order, as chunks; the chunks themselves where there is one partition. */
export function splitByPartition(chunks: readonly ObservationChunk[], partitions: number): ObservationChunk[][] {
  const filled = chunks.filter(({ length }) => length > 0);
  if (partitions === 1) return [filled];
  return Array.from({ length: partitions }, (_, partition) =>
    filled.map((chunk) => rowsOfPartition(chunk, partition, partitions)).filter(({ length }) => length > 0),
  );
}

function rowsOfPartition(chunk: ObservationChunk, partition: number, partitions: number): ObservationChunk {
  const rows: number[] = [];
  for (let row = 0; row < chunk.length; row++) {
    if (chunk.table.at(chunk.series[row] ?? 0).hash % partitions === partition) rows.push(row);
  }
  const series = Uint32Array.from(rows, (row) => chunk.series[row] ?? 0);
  const time = Float64Array.from(rows, (row) => chunk.time[row] ?? 0);
  const values = newColumn(chunk.layout, rows.length);
  for (const [to, from] of rows.entries()) values[to] = chunk.values[from] as never;
  return new ObservationChunk(chunk.table, chunk.layout, rows.length, { series, time, values }, chunk.receipt);
}
