import type { Consumer, ConsumerCrashEvent, EachBatchPayload, Kafka, KafkaMessage } from "kafkajs";
import type { Timer } from "../../runtime/clock/clock.ts";
import { EngineError, sentenceOf } from "../../runtime/errors.ts";
import { AssignedPartition, type HandedOn } from "./assigned-partition.ts";
import { bySubscription } from "./assigner.ts";
import { type ClientContext, rootOf, unreachable } from "./client.ts";
import { loadKafkajs } from "./kafkajs-internals.ts";
import type { ClusterSettings } from "./settings.ts";

export interface MemberSettings {
  readonly topic: string;
  readonly group: string;
  readonly sessionTimeoutMs: number;
  readonly cluster: ClusterSettings;
}

/** Who takes the records of a group member; one at a time. */
export interface Taker {
  onRecords(home: AssignedPartition, messages: readonly KafkaMessage[]): void;
  /** These are read by another member from now on. */
  onLost(partitions: readonly AssignedPartition[]): void;
  /** The consumer ended, and does not start again by itself. */
  onFailed(error: Error): void;
}

/** Settled offsets are committed this often: each commit is a record of its own in the cluster. */
const commitIntervalMs = 100;
/** Kafka waits this long for a batch to come together; pausing is noticed as late. */
const fetchWaitMs = 100;
/** Asking for offsets failed: again after this time. */
const askAgainMs = 1_000;
/** Of one fetch: what may still arrive after reading was paused. */
const fetchBytesMax = 4 * 1024 * 1024;

/**
 * A member of a consumer group, which stays one while segments fail and start again: leaving would move partitions to and fro.
 *
 * It hands records to its taker in the order of each partition, and commits the offsets that are settled without a gap; nothing
 * of a partition that was revoked. The generation of the group guards each commit at the broker. Handlers return at once, so
 * heartbeats go on however slow the taker is; a taker with enough pauses reading.
 */
export class GroupMember {
  readonly #kafka: Kafka;
  readonly #settings: MemberSettings;
  readonly #context: ClientContext;
  #consumer: Consumer | undefined;
  #assigned = new Map<number, AssignedPartition>();
  #taker: Taker | undefined;
  #paused = false;
  /** Commits without kafkajs' retries, which could carry offsets into the next generation; of the newest batch. */
  #commitNow: EachBatchPayload["commitOffsetsIfNecessary"] | undefined;
  #commitTimer: Timer | undefined;
  #committing: Promise<void> | undefined;
  #locating: Promise<void> | undefined;
  #closed = false;

  constructor(kafka: Kafka, settings: MemberSettings, context: ClientContext) {
    this.#kafka = kafka;
    this.#settings = settings;
    this.#context = context;
  }

  /** Partitions that the group gives to this member now. */
  get partitions(): readonly number[] {
    return [...this.#assigned.keys()];
  }

  /** Joins the group where it has not, and hands records to the taker from the last commit on. */
  async attach(taker: Taker): Promise<void> {
    if (this.#closed) throw new EngineError("STREAM_STOPPED", "Cannot read from Kafka as the engine stops");
    this.#taker = taker;
    if (this.#consumer === undefined) return await this.#join();
    for (const home of this.#assigned.values()) {
      home.rewind();
      this.#seek(home);
    }
    this.resume();
  }

  /** The taker takes nothing more; what it handed on is still committed when it settles. */
  detach(taker: Taker): void {
    if (this.#taker !== taker) return;
    this.#taker = undefined;
    this.pause();
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#consumer?.pause([{ topic: this.#settings.topic }]);
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#consumer?.resume([{ topic: this.#settings.topic }]);
  }

  settle(handedOn: HandedOn): void {
    if (handedOn.home.settle(handedOn)) this.#commitSoon();
  }

  /** Commits what is settled and leaves the group. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#commitTimer?.cancel();
    await this.#committing;
    await this.#commit();
    await this.#consumer?.disconnect().catch(() => {});
  }

  async #join(): Promise<void> {
    const { topic, group, sessionTimeoutMs, cluster } = this.#settings;
    const { AssignerProtocol } = await loadKafkajs();
    const consumer = this.#kafka.consumer({
      groupId: group,
      partitionAssigners: [bySubscription(AssignerProtocol)],
      allowAutoTopicCreation: false,
      sessionTimeout: sessionTimeoutMs,
      // Kafka advises three in a session; more are cheap, and a rebalance is noticed at one.
      heartbeatInterval: Math.min(3_000, Math.max(100, Math.floor(sessionTimeoutMs / 10))),
      maxWaitTimeInMs: fetchWaitMs,
      maxBytes: fetchBytesMax,
    });
    this.#consumer = consumer;
    this.#watch(consumer);
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: [topic], fromBeginning: true });
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        eachBatch: (payload) => this.#take(consumer, payload),
      });
      if (this.#paused) consumer.pause([{ topic }]);
    } catch (cause) {
      this.#drop(consumer);
      throw unreachable(cluster, cause);
    }
  }

  #watch(consumer: Consumer): void {
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      if (consumer === this.#consumer) this.#assign(payload.memberAssignment[this.#settings.topic] ?? []);
    });
    consumer.on(consumer.events.START_BATCH_PROCESS, ({ payload }) => {
      if (payload.batchSize === 0) this.#assigned.get(payload.partition)?.skip(Number(payload.lastOffset));
    });
    consumer.on(consumer.events.CRASH, ({ payload }: ConsumerCrashEvent) => {
      // It starts again by itself after faults that pass.
      if (consumer !== this.#consumer || payload.restart) return;
      this.#drop(consumer);
      this.#taker?.onFailed(unreachable(this.#settings.cluster, rootOf(payload.error)));
    });
  }

  #drop(consumer: Consumer): void {
    if (this.#consumer === consumer) this.#consumer = undefined;
    for (const home of this.#assigned.values()) home.revoke();
    this.#assigned.clear();
    this.#paused = false;
    void consumer.disconnect().catch(() => {});
  }

  #assign(partitions: readonly number[]): void {
    const before = this.#assigned;
    const kept = (partition: number) => before.get(partition) ?? new AssignedPartition(partition);
    this.#assigned = new Map(partitions.map((partition) => [partition, kept(partition)]));
    const lost = [...before.values()].filter(({ partition }) => !this.#assigned.has(partition));
    for (const home of lost) home.revoke();
    if (lost.length > 0) this.#taker?.onLost(lost);
    if (this.#paused) this.#consumer?.pause([{ topic: this.#settings.topic }]);
    this.#locating = this.#locate([...this.#assigned.values()].filter(({ located }) => !located));
  }

  /** Asks where reading begins. Only a member of the present generation can commit, so the answer stands. */
  async #locate(homes: readonly AssignedPartition[]): Promise<void> {
    const { topic, group } = this.#settings;
    if (homes.length === 0) return;
    const admin = this.#kafka.admin();
    try {
      await admin.connect();
      const [committed] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
      const ends = await admin.fetchTopicOffsets(topic);
      for (const home of homes) {
        if (home.revoked) continue;
        const offset = Number(
          committed?.partitions.find(({ partition }) => partition === home.partition)?.offset ?? -1,
        );
        const low = Number(ends.find(({ partition }) => partition === home.partition)?.low ?? 0);
        const gone = home.locate(offset < 0 ? undefined : offset, low);
        if (gone > 0) this.#lament(home, gone);
        this.#seek(home);
      }
    } catch (error) {
      this.#context.log.warn(`Kafka: cannot ask for the offsets of "${group}": ${sentenceOf(rootOf(error))}`);
      this.#context.clock.after(askAgainMs, () => void this.#locate(homes.filter(stillOurs)));
    } finally {
      await admin.disconnect().catch(() => {});
    }
  }

  #lament({ partition }: AssignedPartition, records: number): void {
    const { topic } = this.#settings;
    this.#context.log.error("Records are gone before they were read: the topic keeps them for too short a time", {
      topic,
      partition,
      records,
    });
  }

  #seek({ partition, next, revoked }: AssignedPartition): void {
    if (next === undefined || revoked) return;
    this.#consumer?.seek({ topic: this.#settings.topic, partition, offset: String(next) });
  }

  async #take(consumer: Consumer, payload: EachBatchPayload): Promise<void> {
    const { batch, resolveOffset, heartbeat, commitOffsetsIfNecessary } = payload;
    const home = this.#assigned.get(batch.partition);
    // A paused partition may bring what was under way; it is asked for again.
    if (consumer !== this.#consumer || home === undefined || this.#taker === undefined || payload.isStale()) return;
    this.#commitNow = commitOffsetsIfNecessary;
    const messages = home.take(batch);
    if (messages === "gap") {
      // What was asked for in vain is fetched again at once: better to wait here for the answer.
      await (home.located ? this.#locate([home]) : this.#locating);
      return;
    }
    resolveOffset(batch.lastOffset());
    if (messages.length > 0) this.#taker.onRecords(home, messages);
    await heartbeat();
  }

  #commitSoon(): void {
    if (this.#commitTimer !== undefined || this.#closed) return;
    this.#commitTimer = this.#context.clock.after(commitIntervalMs, () => {
      this.#committing = this.#commit().finally(() => {
        this.#commitTimer = undefined;
        this.#committing = undefined;
        if (this.#committable().length > 0) this.#commitSoon();
      });
    });
  }

  #committable(): { readonly home: AssignedPartition; readonly offset: number }[] {
    return [...this.#assigned.values()].flatMap((home) =>
      home.committable === undefined ? [] : [{ home, offset: home.committable }],
    );
  }

  /** A commit that fails is tried again with what is settled and ours by then; a rebalance decides what that is. */
  async #commit(): Promise<void> {
    const offsets = this.#committable();
    if (offsets.length === 0 || this.#commitNow === undefined) return;
    const partitions = offsets.map(({ home, offset }) => ({ partition: home.partition, offset: String(offset) }));
    try {
      await this.#commitNow({ topics: [{ topic: this.#settings.topic, partitions }] });
      for (const { home, offset } of offsets) home.noteCommitted(offset);
    } catch (error) {
      this.#context.log.debug(`Kafka refused a commit of "${this.#settings.group}": ${sentenceOf(rootOf(error))}`);
    }
  }
}

const stillOurs = ({ revoked, located }: AssignedPartition) => !revoked && !located;
