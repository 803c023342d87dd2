import { defineBuffer } from "../../blocks/model/component.ts";
import { byteSize, duration, integer, record, text } from "../../config/declare.ts";
import { KafkaBuffer } from "./kafka-buffer.ts";
import { clusterSettings, compression, sessionTimeout, topicName } from "./settings.ts";

const settings = record({
  topic: topicName("Topic of the buffer; made if it is not there. `<graph>.<buffer>` unless told.", { optional: true }),
  group: text("A segment reads as the consumer group `<group>.<segment>`. The name of the topic unless told.", {
    optional: true,
  }),
  ...clusterSettings,
  compression: compression(),
  session_timeout: sessionTimeout(),
  partitions: integer(
    "Parts that are read independently, by as many engines; a series is always in the same one. Those of the topic unless told, 4 where it is made.",
    { min: 1, max: 1024, optional: true },
  ),
  replication: integer("Copies of each record, where the topic is made; those that the cluster makes unless told.", {
    min: 1,
    max: 100,
    optional: true,
  }),
  max_age: duration("How long records are kept at most, read or not, where the topic is made; for ever unless told.", {
    min: "1 minute",
    optional: true,
  }),
  max_bytes: byteSize("It is full beyond this size of its records.", { default: "1 GiB" }),
  retention: duration(
    "How long data points are kept, from their entry on, once everything made from them is durable, so that `millrace replay` can read them again. Without it they are deleted within seconds.",
    { optional: true, example: "7 days" },
  ),
  retention_bytes: byteSize("Most bytes of records that are kept for `retention`, about; beyond it the oldest go.", {
    default: "10 GiB",
  }),
  max_rows: integer("It is full beyond this number of data points.", { min: 1, default: 50_000_000 }),
});

export const kafkaBuffer = defineBuffer({
  type: "kafka",
  summary:
    "Keeps data points in a topic of Kafka until everything made from them is durable; engines share its partitions.",
  durable: true,
  settings,
  open: (given, context) => {
    const topic = given.topic ?? `${context.graph}.${context.node}`;
    const options = {
      topic,
      group: given.group ?? topic,
      cluster: given,
      compression: given.compression,
      sessionTimeoutMs: given.session_timeout,
      partitions: given.partitions,
      replication: given.replication,
      maxAgeMs: given.max_age,
      retention: { ms: given.retention ?? 0, bytesMax: given.retention_bytes },
      rowsMax: given.max_rows,
      bytesMax: given.max_bytes,
    };
    return KafkaBuffer.open(options, context);
  },
});
