import type { ObservationChunk } from "../../blocks/model/observation-chunk.ts";
import { boxedOf } from "../../blocks/model/rows/boxed-value.ts";
import { RecordBuilder, wordsOfChunk } from "../../blocks/model/rows/record.ts";
import type { SeriesRoutes } from "./series-routes.ts";

/** A chunk on its way to the disk. */
export interface RoutedChunk {
  readonly chunk: ObservationChunk;
  /** Persistent number of each row's series. */
  readonly ids: Uint32Array;
  readonly blobs: readonly Uint8Array[] | undefined;
  /** What it takes in a record, about. */
  readonly bytes: number;
}

/** @throws {EngineError} `SERIES_LIMIT`. */
export function routeChunk(chunk: ObservationChunk, routes: SeriesRoutes): RoutedChunk {
  // A loop, not a `map` of a part: that costs a lone row half as much again.
  const ids = new Uint32Array(chunk.length);
  for (let row = 0; row < chunk.length; row++) ids[row] = routes.idOf(chunk.series[row] ?? 0);
  const blobs = boxedOf(chunk.values, chunk.length);
  const blobBytes = blobs?.reduce((sum, blob) => sum + blob.byteLength, 0) ?? 0;
  return { chunk, ids, blobs, bytes: 20 * chunk.length + blobBytes };
}

/** The rows of all chunks as records, in order, by partition. */
export function recordsOf(
  routed: readonly RoutedChunk[],
  routes: SeriesRoutes,
  partitions: number,
): { rows: number; bytes: Uint8Array }[][] {
  const parts = Array.from({ length: partitions }, () => ({
    builder: new RecordBuilder(),
    records: [] as { rows: number; bytes: Uint8Array }[],
  }));
  for (const { chunk, ids, blobs } of routed) {
    const words = wordsOfChunk(chunk);
    for (let row = 0; row < chunk.length; row++) {
      const part = parts[routes.partitionOf(chunk.series[row] ?? 0)];
      if (part === undefined) continue;
      const { builder, records } = part;
      builder.push(chunk, words, row, ids[row] ?? 0, blobs?.[row]);
      if (builder.full) records.push({ rows: builder.rows, bytes: builder.take() });
    }
  }
  for (const { builder, records } of parts) {
    if (builder.rows > 0) records.push({ rows: builder.rows, bytes: builder.take() });
  }
  return parts.map(({ records }) => records);
}
