import { newColumn } from "../../blocks/model/columns.ts";
import { ObservationChunk } from "../../blocks/model/observation-chunk.ts";

/** The rows of each partition, in order, as chunks; the chunks themselves where there is one partition. */
export function splitByPartition(chunks: readonly ObservationChunk[], partitions: number): ObservationChunk[][] {
  const filled = chunks.filter(({ length }) => length > 0);
  if (partitions === 1) return [filled];
  const parts: ObservationChunk[][] = Array.from({ length: partitions }, () => []);
  for (const chunk of filled) {
    for (const [partition, rows] of rowsByPartition(chunk, partitions)) parts[partition]?.push(pick(chunk, rows));
  }
  return parts;
}

function rowsByPartition(chunk: ObservationChunk, partitions: number): Map<number, number[]> {
  const rows = new Map<number, number[]>();
  for (let row = 0; row < chunk.length; row++) {
    const partition = chunk.table.at(chunk.series[row] ?? 0).hash % partitions;
    const known = rows.get(partition);
    if (known === undefined) rows.set(partition, [row]);
    else known.push(row);
  }
  return rows;
}

function pick(chunk: ObservationChunk, rows: readonly number[]): ObservationChunk {
  const series = Uint32Array.from(rows, (row) => chunk.series[row] ?? 0);
  const time = Float64Array.from(rows, (row) => chunk.time[row] ?? 0);
  const values = newColumn(chunk.layout, rows.length);
  for (const [to, from] of rows.entries()) values[to] = chunk.values[from];
  return new ObservationChunk(chunk.table, chunk.layout, rows.length, { series, time, values }, chunk.receipt);
}
