import assert from "node:assert/strict";
import type { Admin, Kafka } from "kafkajs";
import type {
  Buffer as BufferContract,
  BufferBooks,
  BufferDepth,
  BufferReader,
  ConsumerBooks,
} from "../../blocks/model/buffer.ts";
import type { ComponentContext } from "../../blocks/model/component.ts";
import type { ObservationChunk } from "../../blocks/model/observation-chunk.ts";
import type { Timer } from "../../runtime/clock/clock.ts";
import { EngineError, sentenceOf } from "../../runtime/errors.ts";
import { RoomGate } from "../../runtime/room-gate.ts";
import { readMetadata } from "./assigned-partition.ts";
import { BufferConsumer } from "./buffer-consumer.ts";
import { type BufferPlace, decodePlace } from "./buffer-place.ts";
import { encodeBuffered } from "./buffer-record.ts";
import { Census, type Extent } from "./census.ts";
import { kafkaClient, rootOf, unreachable } from "./client.ts";
import { GroupMember } from "./group-member.ts";
import { TopicProducer } from "./producer.ts";
import type { ClusterSettings, Compression } from "./settings.ts";
import { topicPartitions } from "./topics.ts";

export interface KafkaBufferOptions {
  readonly topic: string;
  /** The group of a consumer is this, a dot and its name. */
  readonly group: string;
  readonly cluster: ClusterSettings;
  readonly compression: Compression;
  readonly sessionTimeoutMs: number;
  /** Those of the topic unless told. */
  readonly partitions: number | undefined;
  readonly replication: number | undefined;
  /** How long records are kept that nobody committed; undefined: for ever. */
  readonly retentionMs: number | undefined;
  readonly rowsMax: number;
  readonly bytesMax: number;
}

/** Partitions of a topic that is made where nothing else is said. */
const partitionsUsual = 4;
/** What other engines append and commit is looked at this often. */
const lookIntervalMs = 1_000;
/** What everybody committed is deleted this often, counted in looks: a request to every broker. */
const looksPerDeletion = 5;
/** Rows of one append to the cluster, and bytes that may wait for theirs. */
const appendRowsMax = 4 * 65_536;
const waitingBytesMax = 64 * 1024 * 1024;
/** What a row takes before it is encoded, about. */
const rowBytes = 20;

interface PendingAppend {
  readonly chunks: readonly ObservationChunk[];
  readonly rows: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Records in the partitions of a topic. Several engines may append to it, and share its partitions among them for reading: each
 * segment that reads is a consumer group.
 *
 * A position is the offset after a record. A commit is a commit of the group, with the books beside it. Records that every group
 * committed are deleted from the topic. How many records there are is known from offsets; the rows of those that other engines
 * appended, and that were not read yet, count as the average.
 */
export class KafkaBuffer implements BufferContract {
  readonly durable = true;
  readonly #options: KafkaBufferOptions;
  readonly #context: ComponentContext;
  readonly #kafka: Kafka;
  readonly #admin: Admin;
  readonly #producer: TopicProducer;
  readonly #censuses: readonly Census[];
  readonly #consumers = new Map<string, BufferConsumer>();
  readonly #gate: RoomGate;
  #appends: PendingAppend[] = [];
  #waitingRows = 0;
  #appending: Promise<void> | undefined;
  #scheduled = false;
  #timer: Timer | undefined;
  #looking: Promise<void> | undefined;
  #looks = 0;
  /** By partition: the oldest offset that the topic has. */
  readonly #oldest: number[];
  #closed = false;

  private constructor(
    options: KafkaBufferOptions,
    context: ComponentContext,
    client: {
      readonly kafka: Kafka;
      readonly admin: Admin;
      readonly producer: TopicProducer;
      readonly partitions: number;
    },
  ) {
    this.#options = options;
    this.#context = context;
    this.#kafka = client.kafka;
    this.#admin = client.admin;
    this.#producer = client.producer;
    this.#censuses = Array.from({ length: client.partitions }, () => new Census());
    this.#oldest = this.#censuses.map(() => 0);
    this.#gate = new RoomGate(context.clock, () => {
      const { rows, bytes } = this.depth();
      const waitingBytes = this.#waitingRows * rowBytes;
      return Math.max(
        (rows + this.#waitingRows) / options.rowsMax,
        (bytes + waitingBytes) / options.bytesMax,
        waitingBytes / waitingBytesMax,
      );
    });
  }

  /**
   * Makes the topic where it is missing.
   *
   * @throws {EngineError} `CONNECTION_FAILED`; `SETTING_INVALID` where the topic is compacted, or has another number of partitions.
   */
  static async open(options: KafkaBufferOptions, context: ComponentContext): Promise<KafkaBuffer> {
    const { topic, cluster, replication, retentionMs = -1 } = options;
    const make = { partitions: options.partitions ?? partitionsUsual, replication, retentionMs };
    const partitions = await topicPartitions(topic, cluster, context, make);
    if (options.partitions !== undefined && options.partitions !== partitions) {
      const sentence = `Cannot use the topic "${topic}" as a buffer of ${options.partitions} partitions: it has ${partitions}`;
      throw new EngineError("SETTING_INVALID", sentence);
    }
    const kafka = await kafkaClient(cluster, context);
    const producer = await TopicProducer.of(kafka, topic, options.compression);
    const admin = kafka.admin();
    const buffer = new KafkaBuffer(options, context, { kafka, admin, producer, partitions });
    try {
      await admin.connect();
      await buffer.#meetConsumers();
    } catch (cause) {
      await admin.disconnect().catch(() => {});
      throw unreachable(cluster, cause);
    }
    buffer.#lookLater();
    return buffer;
  }

  get partitions(): number {
    return this.#censuses.length;
  }

  async append(chunks: readonly ObservationChunk[]): Promise<void> {
    this.#assertOpen();
    if (this.full) {
      throw new EngineError("BUFFER_FULL", "Cannot append to the buffer as it is at its limit (max_bytes, max_rows)", {
        retryable: true,
      });
    }
    const filled = chunks.filter(({ length }) => length > 0);
    if (filled.length === 0) return;
    const rows = filled.reduce((sum, { length }) => sum + length, 0);
    this.#waitingRows += rows;
    await new Promise<void>((resolve, reject) => {
      this.#appends.push({ chunks: filled, rows, resolve, reject });
      this.#schedule();
    });
  }

  get full(): boolean {
    return this.#gate.full;
  }

  onRoom(wake: () => void): void {
    this.#gate.onRoom(wake);
  }

  reader(consumer: string, partition: number): BufferReader {
    this.#assertOpen();
    assert(partition >= 0 && partition < this.partitions, "a partition must be one of the buffer's");
    return (this.#consumers.get(consumer) ?? this.#add(consumer, [])).reader(partition);
  }

  async retain(consumers: readonly string[]): Promise<void> {
    this.#assertOpen();
    const gone = [...this.#consumers.keys()].filter((name) => !consumers.includes(name));
    for (const name of gone) {
      await this.#consumers.get(name)?.close();
      this.#consumers.delete(name);
      for (const census of this.#censuses) census.forget(name);
    }
    if (gone.length === 0) return;
    try {
      await this.#admin.deleteGroups(gone.map((name) => this.#groupOf(name)));
    } catch (error) {
      this.#warn("The groups of segments that are gone cannot be deleted", error);
    }
    this.#gate.wakeIfRoom();
  }

  depth(): BufferDepth {
    const depth = { records: 0, rows: 0, bytes: 0 };
    for (const census of this.#censuses) {
      const { records, rows, bytes }: Extent = census.depth;
      depth.records += records;
      depth.rows += rows;
      depth.bytes += bytes;
    }
    return depth;
  }

  books(): BufferBooks[] {
    return this.#censuses.map((census, partition) => {
      const consumers = new Map<string, ConsumerBooks>();
      for (const [name, consumer] of this.#consumers) {
        const { rows, settled } = consumer.placeOf(partition);
        const pending = census.ahead(name).rows;
        consumers.set(name, { appended: rows + pending, pending, settled });
      }
      return { partition, consumers };
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer?.cancel();
    await this.#looking;
    await (this.#appending ?? this.#drain());
    for (const consumer of this.#consumers.values()) await consumer.close();
    await this.#deleteSettled().catch(() => {});
    await this.#producer.close();
    await this.#admin.disconnect().catch(() => {});
  }

  #groupOf(consumer: string): string {
    return `${this.#options.group}.${consumer}`;
  }

  #add(name: string, places: readonly (BufferPlace | undefined)[]): BufferConsumer {
    const { topic, cluster, sessionTimeoutMs } = this.#options;
    const settings = { topic, group: this.#groupOf(name), sessionTimeoutMs, cluster };
    const member = new GroupMember(this.#kafka, settings, this.#context);
    const parts = {
      name,
      topic,
      member,
      censuses: this.#censuses,
      context: this.#context,
      committed: () => this.#noteCommitted(),
    };
    const consumer = new BufferConsumer(parts, places);
    this.#consumers.set(name, consumer);
    return consumer;
  }

  #noteCommitted(): void {
    for (const census of this.#censuses) if (census.settled > census.low) census.drop(census.settled);
    this.#gate.wakeIfRoom();
  }

  #assertOpen(): void {
    if (this.#closed) throw new EngineError("STORE_FAILED", "Cannot use the buffer as it is closed");
  }

  #schedule(): void {
    if (this.#scheduled || this.#appending !== undefined) return;
    this.#scheduled = true;
    this.#context.clock.soon(() => {
      if (this.#scheduled && this.#appending === undefined) void this.#drain();
    });
  }

  #drain(): Promise<void> {
    this.#scheduled = false;
    this.#appending = this.#appendAll().finally(() => {
      this.#appending = undefined;
    });
    return this.#appending;
  }

  async #appendAll(): Promise<void> {
    while (this.#appends.length > 0) {
      const taken = this.#takeAppends();
      try {
        const records = encodeBuffered(
          taken.flatMap(({ chunks }) => chunks),
          this.partitions,
        );
        const offsets = await this.#producer.append(records.map((record) => ({ ...record, key: "" })));
        for (const [place, { partition, rows, value }] of records.entries()) {
          this.#censuses[partition]?.learn(offsets[place] ?? 0, rows, value.length);
        }
        for (const { resolve } of taken) resolve();
      } catch (error) {
        for (const { reject } of taken) reject(error);
      } finally {
        for (const { rows } of taken) this.#waitingRows -= rows;
      }
      this.#gate.wakeIfRoom();
    }
  }

  /** All that wait, or as many as make a request of a bounded size; at least one. */
  #takeAppends(): PendingAppend[] {
    let rows = 0;
    const end = this.#appends.findIndex((append) => {
      rows += append.rows;
      return rows > appendRowsMax;
    });
    return this.#appends.splice(0, end === -1 ? this.#appends.length : Math.max(1, end));
  }

  /** Consumers that were there before, with their books. */
  async #meetConsumers(): Promise<void> {
    const { group } = this.#options;
    await this.#lookAtOffsets();
    for (const [partition, census] of this.#censuses.entries()) census.low = this.#oldest[partition] ?? 0;
    const { groups } = await this.#admin.listGroups();
    for (const { groupId } of groups) {
      if (!groupId.startsWith(`${group}.`)) continue;
      const found = await this.#placesOf(groupId);
      if (found.every((one) => one === undefined)) continue;
      for (const [partition, one] of found.entries()) {
        if (one !== undefined) this.#censuses[partition]?.suppose(one.place.position, one.ahead);
      }
      this.#add(
        groupId.slice(group.length + 1),
        found.map((one) => one?.place),
      );
    }
    this.#noteCommitted();
  }

  /** Of each partition, what the group committed with a note of ours. */
  async #placesOf(groupId: string): Promise<({ place: BufferPlace; ahead: Extent } | undefined)[]> {
    const { topic } = this.#options;
    const [found] = await this.#admin.fetchOffsets({ groupId, topics: [topic] });
    return this.#censuses.map((_, index) => {
      const { offset = "-1", metadata } = found?.partitions.find(({ partition }) => partition === index) ?? {};
      return Number(offset) < 0 ? undefined : decodePlace(readMetadata(metadata ?? "").note, Number(offset));
    });
  }

  async #lookAtOffsets(): Promise<void> {
    for (const { partition, low, high } of await this.#admin.fetchTopicOffsets(this.#options.topic)) {
      const census = this.#censuses[partition];
      if (census === undefined) continue;
      this.#oldest[partition] = Number(low);
      census.high = Math.max(census.high, Number(high));
    }
  }

  #lookLater(): void {
    this.#timer = this.#context.clock.after(lookIntervalMs, () => {
      this.#looking = this.#look()
        .catch((error: unknown) =>
          this.#context.log.debug(`Kafka: cannot look at the buffer: ${sentenceOf(rootOf(error))}`),
        )
        .finally(() => {
          if (!this.#closed) this.#lookLater();
        });
    });
  }

  /** What other engines did meanwhile. */
  async #look(): Promise<void> {
    await this.#lookAtOffsets();
    for (const [name, consumer] of this.#consumers) {
      const { elsewhere } = consumer;
      if (elsewhere.length === 0) continue;
      const places = await this.#placesOf(this.#groupOf(name));
      for (const partition of elsewhere) {
        const found = places[partition];
        if (found !== undefined) consumer.stand(partition, found.place);
      }
    }
    this.#noteCommitted();
    this.#looks += 1;
    if (this.#looks % looksPerDeletion === 0) await this.#deleteSettled();
  }

  /** What every consumer committed takes no room any more. */
  async #deleteSettled(): Promise<void> {
    if (this.#consumers.size === 0) return;
    const partitions = [...this.#censuses.entries()]
      .filter(([partition, { settled }]) => settled > (this.#oldest[partition] ?? 0))
      .map(([partition, { settled }]) => ({ partition, offset: String(settled) }));
    if (partitions.length === 0) return;
    try {
      await this.#admin.deleteTopicRecords({ topic: this.#options.topic, partitions });
      for (const { partition, offset } of partitions) this.#oldest[partition] = Number(offset);
    } catch (error) {
      this.#warn("Records that are done with cannot be deleted, and go by the retention of the topic", error);
    }
  }

  #warn(sentence: string, error: unknown): void {
    this.#context.log.warn(`Kafka: ${sentence}: ${sentenceOf(rootOf(error))}`, { topic: this.#options.topic });
  }
}
