import { AggregationChunk } from "../../blocks/model/aggregation.ts";
import { type ComponentContext, defineSink, type SinkElement } from "../../blocks/model/component.ts";
import { settleAtRest } from "../../blocks/model/element-lines.ts";
import { aggregationLine, deadLetterLine, messagesOf, observationLine } from "../../blocks/model/json-output.ts";
import { ObservationChunk } from "../../blocks/model/observation-chunk.ts";
import { encodeProtobufMessages } from "../../blocks/model/protobuf-output.ts";
import { choice, integer, record, type SettingsOf } from "../../config/declare.ts";
import { type BatchWriter, BatchWriteStage } from "../../runtime/streams/batch-write-stage.ts";
import { Sink } from "../../runtime/streams/sink.ts";
import { kafkaClient } from "./client.ts";
import { type NewRecord, TopicProducer } from "./producer.ts";
import { clusterSettings, compression, topicName } from "./settings.ts";
import { topicPartitions } from "./topics.ts";

const shared = {
  topic: topicName("Topic that is written.", { default: "raw" }),
  ...clusterSettings,
  compression: compression(),
  partitions: integer("Makes the topic with so many partitions when it is missing; it must be there unless told.", {
    min: 1,
    max: 10_000,
    optional: true,
  }),
};

const protobufSettings = record(shared);
const jsonSettings = record({
  ...shared,
  layout: choice(
    "A record for each message, or for each observation as TSorage's processor wrote them.",
    ["messages", "observations"],
    {
      default: "messages",
    },
  ),
});

type KafkaSinkSettings = SettingsOf<typeof protobufSettings>;

/** Records that nobody reads are kept a week, as Kafka does itself. */
const retentionMs = 7 * 24 * 3_600_000;
/** Data points of one series in one record, so that a record stays far below what brokers take. */
const rowsPerRecord = 4_096;

type RecordEncoder = (element: SinkElement) => Iterable<NewRecord>;

/**
 * Writes elements to a topic. The key of a record is its series in canonical form, so a series stays in one partition, in order.
 *
 * Emits:         nothing; it is a sink.
 * Backpressures: when 256 elements wait for the write under way.
 * Completes:     when upstream completes and the cluster has all of it.
 * Cancels:       when the cluster cannot be reached for long; the run fails.
 * State:         the elements of the write under way, and at most 256 that wait for it.
 * Delivery:      receipts are released once all in-sync copies have the records. After a failure the batch comes again, so records may
 *                stand twice.
 */
async function open(
  given: KafkaSinkSettings,
  context: ComponentContext,
  encode: RecordEncoder,
): Promise<Sink<SinkElement, unknown>> {
  const kafka = await kafkaClient(given, context);
  const make =
    given.partitions === undefined ? undefined : { partitions: given.partitions, replication: undefined, retentionMs };
  await topicPartitions(given.topic, given, context, make);
  return Sink.fromStage(
    new BatchWriteStage<SinkElement>(
      () => new TopicWriter(TopicProducer.of(kafka, given.topic, given.compression), encode),
    ),
  );
}

class TopicWriter implements BatchWriter<SinkElement> {
  readonly #producer: Promise<TopicProducer>;
  readonly #encode: RecordEncoder;

  constructor(producer: Promise<TopicProducer>, encode: RecordEncoder) {
    this.#producer = producer;
    this.#encode = encode;
  }

  async write(batch: readonly SinkElement[]): Promise<"open"> {
    try {
      const producer = await this.#producer;
      await producer.send(recordsOf(batch, this.#encode));
    } catch (cause) {
      const error = cause instanceof Error ? cause : new Error(String(cause));
      this.abandon(batch, error);
      throw error;
    }
    for (const element of batch) settleAtRest(element);
    return "open";
  }

  abandon(batch: readonly SinkElement[], error: Error): void {
    for (const element of batch) element.receipt.fail(error);
  }

  async close(): Promise<void> {
    const producer = await this.#producer;
    await producer.close();
  }
}

function* recordsOf(batch: readonly SinkElement[], encode: RecordEncoder): Generator<NewRecord> {
  for (const element of batch) yield* encode(element);
}

function* jsonMessages(element: SinkElement): Generator<NewRecord> {
  if (element instanceof ObservationChunk) {
    for (const piece of piecesOf(element)) yield* keyed(piece, [...messagesOf(piece)]);
  } else yield* jsonOthers(element);
}

function* jsonObservations(element: SinkElement): Generator<NewRecord> {
  if (element instanceof ObservationChunk) {
    for (let row = 0; row < element.length; row++) {
      const series = element.table.at(element.series[row] ?? 0);
      yield { key: series.canonical, value: observationLine(series, element.time[row] ?? 0, element.values[row]) };
    }
  } else yield* jsonOthers(element);
}

function* jsonOthers(element: SinkElement): Generator<NewRecord> {
  if (element instanceof AggregationChunk) {
    for (const one of element.aggregations) yield { key: one.series.canonical, value: aggregationLine(one) };
  } else if (!(element instanceof ObservationChunk)) {
    for (const letter of element.letters) yield { key: letter.node, value: deadLetterLine(letter) };
  }
}

function* protobufMessages(element: SinkElement): Generator<NewRecord> {
  if (!(element instanceof ObservationChunk)) return;
  for (const piece of piecesOf(element)) yield* keyed(piece, encodeProtobufMessages(piece));
}

/** Messages of a chunk with the series that each is of: consecutive rows of one series make one message. */
function* keyed(chunk: ObservationChunk, messages: readonly (string | Uint8Array)[]): Generator<NewRecord> {
  let row = 0;
  for (const value of messages) {
    const index = chunk.series[row] ?? 0;
    yield { key: chunk.table.at(index).canonical, value };
    while (row < chunk.length && chunk.series[row] === index) row += 1;
  }
}

function* piecesOf(chunk: ObservationChunk): Generator<ObservationChunk> {
  for (let from = 0; from < chunk.length; from += rowsPerRecord) {
    const to = Math.min(chunk.length, from + rowsPerRecord);
    const columns = {
      series: chunk.series.subarray(from, to),
      time: chunk.time.subarray(from, to),
      values: Array.isArray(chunk.values) ? chunk.values.slice(from, to) : chunk.values.subarray(from, to),
    };
    yield new ObservationChunk(chunk.table, chunk.layout, to - from, columns, chunk.receipt);
  }
}

export const kafkaJsonSink = defineSink({
  type: "flow/kafka/json",
  summary: "Writes JSON records to a Kafka topic, by series.",
  accepts: ["observations", "aggregations", "dead-letters"],
  settings: jsonSettings,
  open: (given, context) => open(given, context, given.layout === "observations" ? jsonObservations : jsonMessages),
});

export const kafkaProtobufSink = defineSink({
  type: "flow/kafka/pb",
  summary: "Writes Protobuf messages to a Kafka topic, by series.",
  accepts: ["observations"],
  settings: protobufSettings,
  open: (given, context) => open(given, context, protobufMessages),
});
