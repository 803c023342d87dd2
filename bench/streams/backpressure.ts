import { Keep } from "../../runtime/streams/keep.ts";
import type { RunOptions } from "../../runtime/streams/materializer.ts";
import { Sink } from "../../runtime/streams/sink.ts";
import { Source } from "../../runtime/streams/source.ts";
import { type SensorRows, sensorRows } from "../sensor-rows.ts";
import type { Participant, Workload } from "../workload.ts";
import { dropping, finished, warmEngine } from "./engine.ts";
import { type ColumnChunk, ColumnChunks } from "./column-chunks.ts";
import { StreamTally } from "./tally.ts";

/**
 * The cost of demand: map, filter (three of four rows stay), map and a sink over chunks of columns, each a function of a chunk that
 * calls one of a row. The subject has demand at every stage boundary: its stages are kept from running as one loop. Supervision
 * is on. The peer "direct calls" calls the same functions one after the other, over the same chunks; the ratio to it is what is
 * left when full backpressure is paid for. The other peer is the subject as written, whose stages may run as one loop.
 */
export function backpressure(name: string, chunkRows: number): Workload {
  return {
    name,
    rowsDefault: 4_000_000,
    subject: participant("millrace, stages apart", chunkRows, () => engineRun({ fuse: false })),
    peers: [
      participant("direct calls", chunkRows, async () => async (chunks, tally) => {
        for (const chunk of chunks) {
          const kept = keeping(scaling(chunk));
          if (kept.length > 0) counting(shifting(kept), tally);
        }
      }),
      participant("millrace", chunkRows, () => engineRun({})),
    ],
  };
}

type ChunkRun = (chunks: Iterable<ColumnChunk>, tally: StreamTally) => Promise<void>;

async function engineRun(options: RunOptions): Promise<ChunkRun> {
  const system = await warmEngine();
  return async (chunks, tally) => {
    const changed = Source.from(chunks).map(scaling).map(keeping).filter(hasRows).map(shifting);
    const sink = Sink.foreach<ColumnChunk>((chunk) => counting(chunk, tally));
    await finished(changed.withSupervision(dropping).toMat(sink, Keep.right), system, options);
  };
}

function participant(name: string, chunkRows: number, warm: () => Promise<ChunkRun>): Participant {
  return {
    name,
    async open({ rows, seed }) {
      const columns: SensorRows = sensorRows(rows, seed);
      const run = await warm();
      return {
        async prepare() {
          const tally = new StreamTally(rows);
          const chunks = new ColumnChunks(columns, chunkRows);
          const through = () => run(chunks, tally);
          return { elements: rows, oneThread: true, run: through, finish: async () => tally.checksum };
        },
      };
    },
  };
}

// What a user writes: a change of a chunk, in place as it owns the chunk, by a function of one row.
const scaling = (chunk: ColumnChunk) => chunk.mapped((_series, _time, value) => value * 1.8 + 32);
const keeping = (chunk: ColumnChunk) => chunk.filtered((series) => series % 4 !== 0);
const shifting = (chunk: ColumnChunk) => chunk.mapped((_series, time, value) => value + (time % 1_000) / 1_000);
const hasRows = ({ length }: ColumnChunk) => length > 0;

function counting(chunk: ColumnChunk, tally: StreamTally): void {
  for (let row = 0; row < chunk.length; row += 1) tally.add(chunk.values[row] as number);
}
