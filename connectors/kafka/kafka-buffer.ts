import assert from "node:assert/strict";
import type { Admin, Kafka } from "kafkajs";
import type {
  Buffer as BufferContract,
  BufferBooks,
  BufferDepth,
  BufferReader,
  ConsumerBooks,
  ReplayedPlace,
  ReplayStart,
  Retention,
} from "../../blocks/model/buffer.ts";
import type { ComponentContext } from "../../blocks/model/component.ts";
import type { ObservationChunk } from "../../blocks/model/observation-chunk.ts";
import { refuseGone, refuseWithoutRetention, settledWithout } from "../../blocks/model/replay-start.ts";
import type { Timer } from "../../runtime/clock/clock.ts";
import { EngineError, sentenceOf } from "../../runtime/errors.ts";
import { RoomGate } from "../../runtime/room-gate.ts";
import { AppendQueue } from "./append-queue.ts";
import { readMetadata } from "./assigned-partition.ts";
import { BufferConsumer } from "./buffer-consumer.ts";
import { type BufferPlace, decodePlace, type NotedExtents } from "./buffer-place.ts";
import { encodeBuffered } from "./buffer-record.ts";
import { Census, type Extent, keptMax } from "./census.ts";
import { kafkaClient, rootOf, unreachable } from "./client.ts";
import { GroupMember } from "./group-member.ts";
import { TopicProducer } from "./producer.ts";
import type { ClusterSettings, Compression } from "./settings.ts";
import { TopicLog } from "./topic-log.ts";
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
  /** How long records are kept at most, committed or not; undefined: for ever. */
  readonly maxAgeMs: number | undefined;
  readonly retention: Retention;
  readonly rowsMax: number;
  readonly bytesMax: number;
}

/** Partitions of a topic that is made where nothing else is said. */
const partitionsUsual = 4;
/** What other engines append and commit is looked at this often. */
const lookIntervalMs = 1_000;
/** What everybody committed is deleted this often, counted in looks: a request to every broker. */
const looksPerDeletion = 5;
/** Sizes of records that are settled and kept are forgotten in steps of so many: each goes over all that are remembered. */
const forgetStep = 4_096;
/** Bytes that may wait for their append. */
const waitingBytesMax = 64 * 1024 * 1024;
/** What a row takes before it is encoded, about. */
const rowBytes = 20;

/**
 * Records in the partitions of a topic. Several engines may append to it, and share its partitions among them for reading: each
 * segment that reads is a consumer group.
 *
 * A position is the offset after a record. A commit is a commit of the group, with the books beside it. Records that every group
 * committed are deleted from the topic, once their retention is over. How many records there are is known from offsets; the rows of
 * those that other engines appended, and that were not read yet, count as the average.
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
  readonly #appends: AppendQueue;
  #timer: Timer | undefined;
  #looking: Promise<void> | undefined;
  #looks = 0;
  readonly #log: TopicLog;
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
    this.#log = new TopicLog(client.admin, options.topic, client.partitions);
    this.#appends = new AppendQueue(
      context.clock,
      (chunks) => this.#append(chunks),
      () => this.#gate.wakeIfRoom(),
    );
    this.#gate = new RoomGate(context.clock, () => {
      const { rows, bytes } = this.depth();
      const waitingBytes = this.#appends.rows * rowBytes;
      return Math.max(
        (rows + this.#appends.rows) / options.rowsMax,
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
    const { topic, cluster, replication, maxAgeMs = -1 } = options;
    const make = { partitions: options.partitions ?? partitionsUsual, replication, retentionMs: maxAgeMs };
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
    await this.#appends.add(filled);
  }

  async #append(chunks: readonly ObservationChunk[]): Promise<void> {
    const records = encodeBuffered(chunks, this.partitions);
    const offsets = await this.#producer.append(records.map((record) => ({ ...record, key: "" })));
    for (const [place, { partition, rows, value }] of records.entries()) {
      this.#censuses[partition]?.learn(offsets[place] ?? 0, rows, value.length);
    }
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

  /** No other engine may read for these consumers. */
  async rewind(consumers: readonly string[], start: ReplayStart, only?: number): Promise<readonly ReplayedPlace[]> {
    this.#assertOpen();
    refuseWithoutRetention(this.#options.retention);
    const partitions = only === undefined ? [...this.#censuses.keys()] : [only];
    const all = consumers.map((name) => this.#consumers.get(name) ?? this.#add(name, []));
    try {
      await this.#refuseWhileOthersRead(all);
      for (const consumer of all) if (!(await consumer.owns(partitions))) throw sharedByOthers(consumer.group);
      // What is kept must not change meanwhile.
      await this.#looking;
      this.#timer?.cancel();
      await this.#lookAtOffsets();
      await this.#deleteSettled();
      const starts = await this.#startsOf(start, partitions);
      const places: ReplayedPlace[] = [];
      for (const consumer of all) places.push(...(await consumer.rewind(starts)));
      return places;
    } catch (cause) {
      throw cause instanceof EngineError ? cause : unreachable(this.#options.cluster, cause);
    } finally {
      this.#timer?.cancel();
      if (!this.#closed) this.#lookLater();
    }
  }

  async #refuseWhileOthersRead(consumers: readonly BufferConsumer[]): Promise<void> {
    for (const consumer of consumers) await consumer.ready();
    const { groups } = await this.#admin.describeGroups(consumers.map(({ group }) => group));
    for (const { group, memberId } of consumers) {
      const { members = [] } = groups.find(({ groupId }) => groupId === group) ?? {};
      if (members.some((member) => member.memberId !== memberId)) throw sharedByOthers(group);
    }
  }

  /** By partition: the offset of the record to begin with. */
  async #startsOf(start: ReplayStart, partitions: readonly number[]): Promise<ReadonlyMap<number, number>> {
    const first =
      "time" in start ? await this.#log.firstSince(start.time) : this.#censuses.map(() => start.position - 1);
    return new Map(
      partitions.map((partition) => {
        const offset = first[partition] ?? 0;
        const oldest = this.#log.oldest(partition);
        // When those entered that are gone is not known: where the first one since then is the oldest, some of them may have.
        const goneAt = "time" in start && oldest > 0 && offset <= oldest ? start.time : undefined;
        refuseGone(start, { partition, first: oldest + 1, firstAt: undefined, goneAt });
        return [partition, offset];
      }),
    );
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
        const again = census.rowsAgain(name);
        consumers.set(name, {
          ...{ appended: rows + pending - again, pending },
          settled: again === 0 ? settled : settledWithout(settled, again),
        });
      }
      return { partition, consumers };
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer?.cancel();
    await this.#looking;
    await this.#appends.drain();
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
      group: settings.group,
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
    const keeps = this.#options.retention.ms > 0;
    for (const [partition, census] of this.#censuses.entries()) {
      const { settled, low } = census;
      const done = keeps ? Math.max(this.#log.oldest(partition), settled - keptMax) : settled;
      if (done - low >= (keeps ? forgetStep : 1)) census.drop(Math.min(done, settled));
    }
    this.#gate.wakeIfRoom();
  }

  #assertOpen(): void {
    if (this.#closed) throw new EngineError("STORE_FAILED", "Cannot use the buffer as it is closed");
  }

  /** Consumers that were there before, with their books. */
  async #meetConsumers(): Promise<void> {
    const { group } = this.#options;
    await this.#lookAtOffsets();
    for (const [partition, census] of this.#censuses.entries()) census.low = this.#log.oldest(partition);
    const { groups } = await this.#admin.listGroups();
    for (const { groupId } of groups) {
      if (!groupId.startsWith(`${group}.`)) continue;
      const found = await this.#placesOf(groupId);
      if (found.every((one) => one === undefined)) continue;
      for (const [partition, one] of found.entries()) {
        if (one === undefined) continue;
        const census = this.#censuses[partition];
        census?.believe(one.seen);
        census?.suppose(one.place.position, one.ahead);
      }
      this.#add(
        groupId.slice(group.length + 1),
        found.map((one) => one?.place),
      );
    }
    this.#noteCommitted();
  }

  /** Of each partition, what the group committed with a note of ours. */
  async #placesOf(groupId: string): Promise<((NotedExtents & { place: BufferPlace }) | undefined)[]> {
    const { topic } = this.#options;
    const [found] = await this.#admin.fetchOffsets({ groupId, topics: [topic] });
    return this.#censuses.map((_, index) => {
      const { offset = "-1", metadata } = found?.partitions.find(({ partition }) => partition === index) ?? {};
      return Number(offset) < 0 ? undefined : decodePlace(readMetadata(metadata ?? "").note, Number(offset));
    });
  }

  async #lookAtOffsets(): Promise<void> {
    const next = await this.#log.look();
    for (const [partition, census] of this.#censuses.entries())
      census.high = Math.max(census.high, next[partition] ?? 0);
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

  /** What every consumer committed takes no room any more when it need not be kept. */
  async #deleteSettled(): Promise<void> {
    if (this.#consumers.size === 0) return;
    try {
      const kept = await this.#keptFrom();
      await this.#log.deleteBefore(
        this.#censuses.map(({ passed }, partition) => Math.min(passed, kept[partition] ?? passed)),
      );
    } catch (error) {
      this.#warn("Records that are done with cannot be deleted, and go by the retention of the topic", error);
    }
  }

  /** By partition: the offset from which on the retention keeps what is settled. */
  async #keptFrom(): Promise<number[]> {
    const { ms, bytesMax } = this.#options.retention;
    if (ms === 0) return [];
    const young = await this.#log.firstSince(this.#context.clock.now() - ms);
    return this.#censuses.map((census, partition) =>
      Math.max(young[partition] ?? 0, census.settledWithin(bytesMax / this.partitions)),
    );
  }

  #warn(sentence: string, error: unknown): void {
    this.#context.log.warn(`Kafka: ${sentence}: ${sentenceOf(rootOf(error))}`, { topic: this.#options.topic });
  }
}

function sharedByOthers(group: string): EngineError {
  const rule = "no other engine may read the buffer meanwhile, nor have been killed within the session_timeout";
  return new EngineError("USAGE_INVALID", `Cannot replay as ${rule}: the group "${group}" has other members`);
}
