import { parentPort, workerData } from "node:worker_threads";
import { Flow } from "../../runtime/streams/flow.ts";
import type { ColumnChunk } from "./column-chunks.ts";
import type { Observation } from "./observation.ts";

/** What one chunk comes to. */
export interface ChunkSum {
  readonly rows: number;
  /** Of its values, times and numbers of series: all three columns are read. */
  readonly sum: number;
}

/** The other side of the subject. */
export const sums = Flow.of<ColumnChunk>().map(sumOfColumns);

// The other side of the peers, which load this module as their thread.
if (workerData === "answer") {
  parentPort?.on("message", (message: ColumnChunk | readonly Observation[]) => {
    parentPort?.postMessage(Array.isArray(message) ? sumOfObjects(message) : sumOfColumns(message as ColumnChunk));
  });
  parentPort?.postMessage("ready");
}

function sumOfColumns({ length, series, time, values }: ColumnChunk): ChunkSum {
  let sum = 0;
  for (let row = 0; row < length; row += 1) {
    sum += (values[row] as number) + (time[row] as number) + (series[row] as number);
  }
  return { rows: length, sum };
}

function sumOfObjects(observations: readonly Observation[]): ChunkSum {
  let sum = 0;
  for (const { series, time, value } of observations) sum += value + time + series;
  return { rows: observations.length, sum };
}
