import assert from "node:assert/strict";
import { Kafka, logLevel } from "kafkajs";
import { status } from "../../tools/services/control.ts";
import { sensorMessages } from "../protobuf-decode/messages.ts";
import { seriesCount } from "../sensor-rows.ts";
import type { WorkloadSize } from "../workload.ts";

/** Data points of one record: a sensor's minute. */
export const pointsOfRecord = 60;
const partitions = 4;
const recordsOfRequest = 500;

/** A topic of the server that `npm run services -- up kafka` starts, full of records. */
export interface BenchTopic {
  readonly kafka: Kafka;
  readonly host: string;
  readonly port: number;
  readonly name: string;
  readonly partitions: number;
  drop(): Promise<void>;
}

let count = 0;

/** Makes the topic and writes the sensors' rows to it, as Protobuf. */
export async function benchTopic(size: WorkloadSize): Promise<BenchTopic> {
  const server = await status("kafka");
  assert(server?.ports.plain !== undefined, 'Kafka must run: "npm run services -- up kafka" starts it');
  const [host, port] = [server.host, server.ports.plain];
  const kafka = new Kafka({ brokers: [`${host}:${port}`], logLevel: logLevel.ERROR });
  count += 1;
  const name = `bench-${process.pid}-${count}`;
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: name, numPartitions: partitions }], waitForLeaders: true });
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  await producer.connect();
  const records = sensorMessages(size, pointsOfRecord).map((value, record) => {
    const partition = (record % seriesCount) % partitions;
    return { value: Buffer.from(value), partition };
  });
  for (let from = 0; from < records.length; from += recordsOfRequest) {
    await producer.send({ topic: name, messages: records.slice(from, from + recordsOfRequest) });
  }
  await producer.disconnect();
  return {
    ...{ kafka, host, port, name, partitions },
    async drop() {
      await admin.deleteTopics({ topics: [name] });
      await admin.disconnect();
    },
  };
}
