import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Points } from "../../blocks/model/columns.ts";
import { threadArguments } from "../../test/runtime/workers/thread-arguments.ts";
import { ExactSum } from "../checksum.ts";
import { type SensorRows, sensorRows } from "../sensor-rows.ts";
import type { Participant } from "../workload.ts";
import type { Entropies } from "./entropy-thread.ts";

/**
 * Threads that compute the same entropies and nothing else, each those of its own buckets, which it has before the clock starts:
 * two of them against one are what the machine can gain at that moment.
 */
export function bareThreads(name: string, threads: number): Participant {
  return {
    name,
    async open({ rows, seed }) {
      const columns = sensorRows(rows, seed);
      return {
        async prepare() {
          const workers = dealt(bucketsOf(columns), threads).map(started);
          await Promise.all(workers.map((worker) => once(worker, "online")));
          let found: Entropies[] = [];
          return {
            elements: columns.length,
            async run() {
              for (const worker of workers) worker.postMessage("go");
              found = (await Promise.all(workers.map((worker) => once(worker, "message")))).flat() as Entropies[];
            },
            async finish() {
              await Promise.all(workers.map((worker) => worker.terminate()));
              const entropies = new ExactSum();
              for (const { entropy } of found) entropies.add(entropy);
              const buckets = found.reduce((sum, part) => sum + part.buckets, 0);
              return { counts: { rows: columns.length, buckets }, sums: { entropies: entropies.value } };
            },
          };
        },
      };
    },
  };
}

function started(buckets: readonly Points[]): Worker {
  return new Worker(new URL("./entropy-thread.ts", import.meta.url), {
    workerData: buckets,
    execArgv: [...threadArguments],
  });
}

/** The points of each series and 10 minutes. */
function bucketsOf({ series, time, values, length }: SensorRows): Points[] {
  const buckets = new Map<string, { time: number[]; values: number[] }>();
  for (let row = 0; row < length; row += 1) {
    const key = `${series[row]} ${Math.floor((time[row] as number) / 600_000)}`;
    const points = buckets.get(key) ?? { time: [], values: [] };
    buckets.set(key, points);
    points.time.push(time[row] as number);
    points.values.push(values[row] as number);
  }
  return Array.from(buckets.values(), (points) => ({
    time: Float64Array.from(points.time),
    values: Float64Array.from(points.values),
  }));
}

/** Like cards. */
function dealt<T>(items: readonly T[], hands: number): T[][] {
  return Array.from({ length: hands }, (_, hand) => items.filter((_item, index) => index % hands === hand));
}
