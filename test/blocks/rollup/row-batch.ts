import type { ObservationChunk } from "../../../blocks/model/observation-chunk.ts";
import type { RowBatch } from "../../../blocks/rollup/gathered-rows.ts";
import type { Recorder } from "../../../blocks/rollup/recorder.ts";

/** The chunks as a block gathers them for the recorder. */
export function batchOf(recorder: Recorder, chunks: readonly ObservationChunk[]): RowBatch {
  const gathered = recorder.newGathering();
  for (const chunk of chunks) gathered.add(chunk);
  return gathered.take();
}
