import { ChunkBuilder } from "../../blocks/model/chunk-builder.ts";
import type { ObservationChunk } from "../../blocks/model/observation-chunk.ts";
import { decodeProtobufMessage } from "../../blocks/model/protobuf-message.ts";
import { SeriesTable } from "../../blocks/model/series.ts";
import { Receipt } from "../../runtime/receipt.ts";
import { ExactSum } from "../checksum.ts";
import type { Participant } from "../workload.ts";
import { sensorMessages } from "./messages.ts";

/** Points that a chunk has at least, as those have that arrive in one turn. */
const chunkPoints = 256;

/** The engine: names become series, points become rows of columns, checked; chunks are handed to nobody. */
export function intoColumns(pointsOfMessage: number): Participant {
  return {
    name: "millrace",
    async open(size) {
      const messages = sensorMessages(size, pointsOfMessage);
      return {
        async prepare() {
          const decoded: ObservationChunk[] = [];
          return {
            elements: size.rows,
            oneThread: true,
            async run() {
              for (const chunk of decode(messages)) decoded.push(chunk);
            },
            async finish() {
              const times = new ExactSum();
              const values = new ExactSum();
              let rows = 0;
              for (const chunk of decoded) {
                rows += chunk.length;
                for (let row = 0; row < chunk.length; row += 1) {
                  times.add(chunk.time[row] as number);
                  values.add(chunk.values[row] as number);
                }
              }
              return { counts: { rows }, sums: { times: times.value, values: values.value } };
            },
          };
        },
      };
    },
  };
}

function* decode(messages: readonly Uint8Array[]): IterableIterator<ObservationChunk> {
  const table = new SeriesTable();
  const builder = new ChunkBuilder(table);
  const options = { table };
  for (const message of messages) {
    decodeProtobufMessage(message, builder, options);
    if (builder.rows >= chunkPoints) yield* builder.build(new Receipt(builder.rows, ignore, ignore));
  }
  yield* builder.build(new Receipt(builder.rows, ignore, ignore));
}

function ignore(): void {}
