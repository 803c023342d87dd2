import { ExactSum } from "../checksum.ts";
import { decode, timeOf, payloadOf } from "../protobuf-decode/protobufjs.ts";
import type { Participant } from "../workload.ts";
import { benchTopic } from "./topic.ts";

/**
 * The clients alone: kafkajs reads the topic batch by batch, and protobufjs makes objects of the records. Nothing is kept but sums.
 */
export const kafkajs: Participant = {
  name: "kafkajs",
  async open(size) {
    return {
      async prepare() {
        const topic = await benchTopic(size);
        const consumer = topic.kafka.consumer({ groupId: topic.name });
        let rows = 0;
        const times = new ExactSum();
        const values = new ExactSum();
        return {
          elements: size.rows,
          async run() {
            await consumer.connect();
            await consumer.subscribe({ topic: topic.name, fromBeginning: true });
            await new Promise<void>((resolve, reject) => {
              const eachBatch = async ({ batch }: { batch: { messages: { value: Buffer | null }[] } }) => {
                for (const { value } of batch.messages) {
                  if (value === null) continue;
                  for (const point of decode(value).values) {
                    rows += 1;
                    times.add(timeOf(point));
                    values.add(payloadOf(point));
                  }
                }
                if (rows === size.rows) resolve();
              };
              consumer.run({ eachBatch, partitionsConsumedConcurrently: topic.partitions }).catch(reject);
            });
          },
          async finish() {
            await consumer.disconnect();
            await topic.drop();
            return { counts: { rows }, sums: { times: times.value, values: values.value } };
          },
        };
      },
    };
  },
};
