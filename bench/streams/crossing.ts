import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { Flow } from "../../runtime/streams/flow.ts";
import { Keep } from "../../runtime/streams/keep.ts";
import { Sink } from "../../runtime/streams/sink.ts";
import { Source } from "../../runtime/streams/source.ts";
import { move } from "../../runtime/workers/transfer.ts";
import { type SensorRows, sensorRows } from "../sensor-rows.ts";
import type { Participant, Workload } from "../workload.ts";
import { ColumnChunk, ColumnChunks } from "./column-chunks.ts";
import type { ChunkSum } from "./crossing-thread.ts";
import { dropping, warmEngine } from "./engine.ts";
import type { Observation } from "./observation.ts";
import { StreamTally } from "./tally.ts";

const chunkRows = 1_024;

/** Chunks on their way at most, for participants that have to count them themselves; `Flow.inWorker` has the same window. */
const windowMax = 16;

const thread = new URL("crossing-thread.ts", import.meta.url);
/** Threads load the sources as they are. */
const execArgv = ["--import", new URL("typescript-loader.mjs", import.meta.url).href];

/** Someone who is there and whose thread runs. */
interface Crossing {
  run(rows: SensorRows, take: (sum: ChunkSum) => void): Promise<void>;
  close(): Promise<unknown>;
}

/**
 * Observations to a thread, which sums up each chunk of 1,024 rows; the sums come back, so that the thread reads what it gets.
 * Chunks are made at the source, by copying rows. The subject sends columns through `Flow.inWorker`, marked to be moved, with
 * supervision and metrics on. The peers are messages without a library between: the same buffers, transferred, and the same rows
 * as arrays of objects, both with at most 16 chunks on their way. The thread has started when the clock does.
 */
export const crossing: Workload = {
  name: "crossing",
  rowsDefault: 10_000_000,
  subject: participant("millrace", throughFlow),
  peers: [
    participant("postMessage, transferred", () => throughMessages(columnMessages)),
    participant("postMessage, objects", () => throughMessages(objectMessages)),
  ],
};

function participant(name: string, open: () => Promise<Crossing>): Participant {
  return {
    name,
    async open({ rows, seed }) {
      const columns = sensorRows(rows, seed);
      return {
        async prepare() {
          const tally = new StreamTally(rows);
          const started = await open();
          return {
            elements: rows,
            run: () =>
              started.run(columns, ({ sum }) => {
                tally.add(sum);
              }),
            async finish() {
              await started.close();
              return tally.checksum;
            },
          };
        },
      };
    },
  };
}

async function throughFlow(): Promise<Crossing> {
  const system = await warmEngine();
  const across = Flow.inWorker<ColumnChunk, ChunkSum>(thread, "sums", { execArgv });
  let take: (sum: ChunkSum) => void = () => {};
  let answered: () => void = () => {};
  const running = Source.queue<ColumnChunk>(windowMax)
    .map((chunk) => move(chunk))
    .via(across)
    .withSupervision(dropping)
    .monitor(Keep.left)
    .to(
      Sink.foreach((sum: ChunkSum) => {
        take(sum);
        answered();
      }),
    )
    .runWatched(system);
  const { materialized: queue, done } = running;
  // An empty chunk, there and back: the thread runs.
  await new Promise<void>((resolve) => {
    answered = resolve;
    queue.offer(new ColumnChunk({ length: 0, series: emptyIds, time: empty, values: empty }, 0, 0));
  });
  answered = () => {};
  return {
    async run(rows, into) {
      take = into;
      for (const chunk of new ColumnChunks(rows, chunkRows)) {
        while (queue.offer(chunk) === "full") await new Promise<void>((resolve) => queue.onRoom(resolve));
      }
      queue.complete();
      await done;
    },
    close: () => system.terminate(),
  };
}

const empty = new Float64Array(0);
const emptyIds = new Uint32Array(0);

interface Message {
  readonly body: unknown;
  readonly transfer: readonly ArrayBuffer[];
}

async function throughMessages(messages: (rows: SensorRows) => Iterable<Message>): Promise<Crossing> {
  const worker = new Worker(thread, { execArgv, workerData: "answer" });
  await once(worker, "message");
  return {
    run: (rows, take) =>
      new Promise((resolve, reject) => {
        const waiting = messages(rows)[Symbol.iterator]();
        let onTheWay = 0;
        const fill = () => {
          while (onTheWay < windowMax) {
            const next = waiting.next();
            if (next.done === true) break;
            worker.postMessage(next.value.body, next.value.transfer);
            onTheWay += 1;
          }
          if (onTheWay === 0) resolve();
        };
        worker.on("error", reject);
        worker.on("message", (sum: ChunkSum) => {
          onTheWay -= 1;
          take(sum);
          fill();
        });
        fill();
      }),
    close: () => worker.terminate(),
  };
}

function* columnMessages(rows: SensorRows): Generator<Message> {
  for (const chunk of new ColumnChunks(rows, chunkRows)) {
    yield { body: chunk, transfer: [chunk.time.buffer as ArrayBuffer] };
  }
}

function* objectMessages(rows: SensorRows): Generator<Message> {
  for (const { length, series, time, values } of new ColumnChunks(rows, chunkRows)) {
    const body: Observation[] = Array.from({ length }, (_, row) => ({
      series: series[row] as number,
      time: time[row] as number,
      value: values[row] as number,
    }));
    yield { body, transfer: [] };
  }
}
