import { defineSource, type SourceContext, type SourceElement } from "../../blocks/model/component.ts";
import { byteSize, integer, record, type SettingsOf, text } from "../../config/declare.ts";
import { Source } from "../../runtime/streams/source.ts";
import { kafkaClient } from "./client.ts";
import { GroupMember } from "./group-member.ts";
import { Intake } from "./intake.ts";
import { decodeJsonRecord, decodeProtobufRecord, type RecordDecoder } from "./record-decoder.ts";
import { clusterSettings, sessionTimeout, topicName } from "./settings.ts";
import { topicPartitions } from "./topics.ts";

const settings = record({
  topic: topicName("Topic that is read, with records of any producer."),
  group: text("Consumer group; engines of one group share the partitions. The name of the graph unless told.", {
    optional: true,
  }),
  ...clusterSettings,
  session_timeout: sessionTimeout(),
  partitions: integer("Makes the topic with so many partitions when it is missing; it must be there unless told.", {
    min: 1,
    max: 10_000,
    optional: true,
  }),
  max_unsettled: integer("Data points that may be read and not yet be at rest; beyond it reading waits.", {
    min: 1,
    default: 1_000_000,
  }),
  max_bytes: byteSize("Records that may be fetched ahead; beyond it fetching pauses.", { default: "16 MiB" }),
});

type KafkaSourceSettings = SettingsOf<typeof settings>;

/** Records that nobody reads are kept a week, as Kafka does itself. */
const retentionMs = 7 * 24 * 3_600_000;

/**
 * Reads a topic as a member of a consumer group.
 *
 * Emits:         chunks of some 1,024 data points of one partition, in its order; records that cannot be read as dead letters.
 * Backpressures: stops fetching at `max_bytes` of records; the member stays in its group. Waits at `max_unsettled`.
 * Completes:     never by itself.
 * Cancels:       takes nothing more; what it handed on is still committed when it settles.
 * State:         at most `max_bytes` of records, and one fetch of 4 MiB.
 * Delivery:      the offset of a partition is committed up to the lowest that is not settled. A failure begins again after the last
 *                commit, and so does the engine that gets a partition of this one.
 */
async function open(
  given: KafkaSourceSettings,
  context: SourceContext,
  decoder: RecordDecoder,
): Promise<Source<SourceElement, unknown>> {
  const kafka = await kafkaClient(given, context);
  const member = await context.lasting(async () => {
    const make =
      given.partitions === undefined
        ? undefined
        : { partitions: given.partitions, replication: undefined, retentionMs };
    await topicPartitions(given.topic, given, context, make);
    const group = given.group ?? context.graph;
    const member = { topic: given.topic, group, sessionTimeoutMs: given.session_timeout, cluster: given };
    return new GroupMember(kafka, member, context);
  });
  const limits = { rowsMax: given.max_unsettled, bytesMax: given.max_bytes };
  return Source.from({
    [Symbol.asyncIterator]: () => new Intake(given.topic, member, decoder, limits, context),
  });
}

export const kafkaJsonSource = defineSource({
  type: "flow/kafka/json",
  summary: "Reads JSON messages from a Kafka topic, and commits an offset once everything before it is at rest.",
  delivery: "at-least-once",
  finite: () => false,
  settings,
  open: (given, context) => open(given, context, decodeJsonRecord),
});

export const kafkaProtobufSource = defineSource({
  type: "flow/kafka/pb",
  summary: "Reads Protobuf messages from a Kafka topic, and commits an offset once everything before it is at rest.",
  delivery: "at-least-once",
  finite: () => false,
  settings,
  open: (given, context) => open(given, context, decodeProtobufRecord),
});
