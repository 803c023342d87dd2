import type { Kafka, Message, Producer } from "kafkajs";
import { EngineError, sentenceOf } from "../../runtime/errors.ts";
import { rootOf } from "./client.ts";
import { loadKafkajs } from "./kafkajs-internals.ts";
import type { Compression } from "./settings.ts";

/** A record to be; `partition` where it is not for the key to say. */
export interface NewRecord {
  readonly key: string;
  readonly value: string | Uint8Array;
  readonly partition?: number;
}

/** Below the 1 MiB that brokers take unless told otherwise, with room for what surrounds the records. */
const requestBytesMax = 768 * 1024;

/** Sends records of one topic, in order, and waits for all copies of each. */
export class TopicProducer {
  readonly #producer: Producer;
  readonly #topic: string;
  readonly #compression: number;
  #connected: Promise<void> | undefined;

  private constructor(producer: Producer, topic: string, compression: number) {
    this.#producer = producer;
    this.#topic = topic;
    this.#compression = compression;
  }

  static async of(kafka: Kafka, topic: string, compression: Compression): Promise<TopicProducer> {
    const { Partitioners } = await loadKafkajs();
    const producer = kafka.producer({
      allowAutoTopicCreation: false,
      // The hash of Java's clients, so that all producers agree on the partition of a key.
      createPartitioner: Partitioners.DefaultPartitioner,
      // A request that is repeated must not overtake, or be overtaken.
      maxInFlightRequests: 1,
    });
    return new TopicProducer(producer, topic, codes[compression]);
  }

  /**
   * Requests one after the other, each below the limit of brokers.
   *
   * @throws {EngineError} `CONNECTION_FAILED`, retryable; `SIZE_LIMIT` for a record that no request can hold. Records before it
   *   may be there.
   */
  async send(records: Iterable<NewRecord>): Promise<void> {
    for await (const _ of this.#requests(records)) {
      // Waits for each.
    }
  }

  /** The same for records that name their partition. @returns the offset of each. */
  async append(records: Iterable<NewRecord & { readonly partition: number }>): Promise<number[]> {
    const offsets: number[] = [];
    for await (const { messages, landed } of this.#requests(records)) {
      const next = new Map(landed.map(({ partition, baseOffset }) => [partition, Number(baseOffset)]));
      for (const { partition = 0 } of messages) {
        const offset = next.get(partition) ?? 0;
        next.set(partition, offset + 1);
        offsets.push(offset);
      }
    }
    return offsets;
  }

  async *#requests(records: Iterable<NewRecord>) {
    try {
      this.#connected ??= this.#producer.connect();
      await this.#connected;
      for (const messages of requestsOf(records)) {
        const landed = await this.#producer.send({
          topic: this.#topic,
          messages,
          acks: -1,
          compression: this.#compression,
        });
        yield { messages, landed };
      }
    } catch (cause) {
      this.#connected = undefined;
      const root = rootOf(cause) as { readonly type?: string };
      const tooLarge = root.type === "MESSAGE_TOO_LARGE" || root.type === "RECORD_LIST_TOO_LARGE";
      const sentence = `Cannot write to the topic "${this.#topic}": ${sentenceOf(root)}`;
      throw new EngineError(tooLarge ? "SIZE_LIMIT" : "CONNECTION_FAILED", sentence, { retryable: !tooLarge, cause });
    }
  }

  async close(): Promise<void> {
    await this.#producer.disconnect();
  }
}

/** As the protocol counts them. */
const codes: Readonly<Record<Compression, number>> = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 };

function* requestsOf(records: Iterable<NewRecord>): Generator<Message[]> {
  let messages: Message[] = [];
  let bytes = 0;
  for (const { key, value, partition } of records) {
    const body =
      typeof value === "string" ? Buffer.from(value) : Buffer.from(value.buffer, value.byteOffset, value.length);
    const size = body.length + 3 * key.length + 64;
    if (messages.length > 0 && bytes + size > requestBytesMax) {
      yield messages;
      messages = [];
      bytes = 0;
    }
    messages.push({ key, value: body, ...(partition === undefined ? {} : { partition }) });
    bytes += size;
  }
  if (messages.length > 0) yield messages;
}
