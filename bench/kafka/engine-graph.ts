import { Engine } from "../../graphs/engine.ts";
import { systemClock } from "../../runtime/clock/system-clock.ts";
import { Sink } from "../../runtime/streams/sink.ts";
import { benchKeyspaces } from "../cassandra/server.ts";
import { plannedGraph } from "../planned-graph.ts";
import type { Participant } from "../workload.ts";
import { benchTopic } from "./topic.ts";

/** How often the end is looked for, ms. */
const lookMs = 20;

/**
 * The engine end to end, with its defaults: a graph file with a Kafka source of Protobuf, the processor with the aggregators 1m, 1h and
 * 1d, and a Cassandra store. On the clock: start, everything read, rolled up, written, settled, and its offsets committed, stop.
 */
export const kafkaGraph: Participant = {
  name: "millrace",
  async open(size) {
    return {
      async prepare() {
        const topic = await benchTopic(size);
        const keyspaces = await benchKeyspaces();
        const { planned, catalogue } = await plannedGraph(`
name: ${topic.name}
stores:
  main: { type: cassandra, ${keyspaces.yaml} }
sources:
  sensors: { type: flow/kafka/pb, topic: ${topic.name}, nodes: [{ host: ${topic.host}, port: ${topic.port} }] }
blocks:
  rollups: { type: processor, from: sensors, store: main, aggregators: [1m, 1h, 1d] }
`);
        return {
          elements: size.rows,
          async run() {
            const deadLetters = async () => Sink.ignore();
            const engine = await Engine.start(planned, { catalogue, clock: systemClock, deadLetters });
            const durable = () => engine.books().reduce((sum, page) => sum + page.durable, 0);
            while (durable() < size.rows) {
              await new Promise<void>((resolve) => void systemClock.after(lookMs, resolve));
              await engine.fresh(lookMs);
            }
            await engine.stop();
          },
          async finish() {
            const checksum = await keyspaces.finish();
            await topic.drop();
            return checksum;
          },
        };
      },
    };
  },
};
