import type { Consumer, ConsumerCrashEvent, EachBatchPayload, Kafka, KafkaMessage } from "kafkajs";
import type { Timer } from "../../runtime/clock/clock.ts";
import { EngineError, sentenceOf } from "../../runtime/errors.ts";
import { AssignedPartition, type Commit, type HandedOn, metadataOf } from "./assigned-partition.ts";
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
  /** @param high The offset after the last record that the partition had at the time. */
  onRecords(home: AssignedPartition, messages: readonly KafkaMessage[], high: number): void;
  /** These are read by another member from now on. */
  onLost(partitions: readonly AssignedPartition[]): void;
  /** The consumer ended, and does not start again by itself. */
  onFailed(error: Error): void;
  /** The group has dealt: these partitions are for this member to read. */
  onAssigned?(partitions: readonly number[]): void;
  /** Where reading of a partition begins is known, and so is its end. */
  onLocated?(home: AssignedPartition, high: number): void;
  onCommitted?(home: AssignedPartition, offset: number): void;
  /** Where a group begins that has committed nothing; the oldest record unless told. */
  startOf?(partition: number): number;
}

/** Settled offsets are committed this often: each commit is a record of its own in the cluster. */
const commitIntervalMs = 100;
/** Of a request of the consumer, before it starts again: what kafkajs does unless told. */
const crashRetries = 5;
/** Kafka waits this long for a batch to come together; pausing is noticed as late. */
const fetchWaitMs = 100;
/** Who leaves waits so long for its own joining. */
const joinPatienceMs = 10_000;
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
  /** Partitions that are not fetched, besides. */
  readonly #held = new Set<number>();
  #joined = false;
  #joining: Promise<void> | undefined;
  #memberId: string | undefined;
  /** Times that it asked to join since it last got its share. */
  #joinings = 0;
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

  /** Its name in the group; undefined before it joined. */
  get memberId(): string | undefined {
    return this.#memberId;
  }

  /** Partitions that the group gives to this member now. */
  get partitions(): readonly number[] {
    return [...this.#assigned.keys()];
  }

  /** Joins the group where it has not, and hands records to the taker from the last commit on. */
  async attach(taker: Taker): Promise<void> {
    if (!(await this.join(taker))) return;
    for (const home of this.#assigned.values()) {
      home.rewind();
      this.#seek(home);
    }
    this.resume();
  }

  /** Waits for a joining under way: one that leaves meanwhile would stay in the group, and its partitions with it. */
  async ready(): Promise<void> {
    if (this.#joined || this.#joining === undefined) return await this.#locating;
    let due: Timer | undefined;
    const late = new Promise<void>((resolve) => {
      due = this.#context.clock.after(joinPatienceMs, resolve);
    });
    await Promise.race([this.#joining.then(() => this.#locating).catch(() => {}), late]);
    due?.cancel();
  }

  /** Joins the group where it has not. @returns whether it had. */
  async join(taker: Taker): Promise<boolean> {
    if (this.#closed) throw new EngineError("STREAM_STOPPED", "Cannot read from Kafka as the engine stops");
    this.#taker = taker;
    if (this.#joining !== undefined) {
      await this.#joining;
      return true;
    }
    this.#joining = this.#join();
    await this.#joining;
    return false;
  }

  /** The commit under way, if any; never rejects. */
  get committing(): Promise<void> {
    return this.#committing ?? Promise.resolve();
  }

  /** Reads a partition that is located again from the last commit on. */
  again(home: AssignedPartition): void {
    home.rewind();
    this.#seek(home);
  }

  /** Fetches nothing of a partition until it is released. */
  hold(partition: number): void {
    if (this.#held.has(partition)) return;
    this.#held.add(partition);
    if (this.#joined) this.#consumer?.pause([{ topic: this.#settings.topic, partitions: [partition] }]);
  }

  release(partition: number): void {
    if (!this.#held.delete(partition) || this.#paused || !this.#joined) return;
    this.#consumer?.resume([{ topic: this.#settings.topic, partitions: [partition] }]);
  }

  /** Commits notes that were saved. */
  commitSaved(): void {
    this.#commitSoon();
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

  /** Commits what is settled. */
  async flush(): Promise<void> {
    await this.#committing;
    await this.#commit();
  }

  /**
   * Commits offsets before those that are committed, and reads from there when it is read again.
   *
   * @throws {EngineError} Retryable: `STREAM_STOPPED` where the group gave a partition to someone else, `CONNECTION_FAILED` where it
   *   does not take the offsets. Nothing is moved then.
   */
  async moveBack(moves: readonly { home: AssignedPartition; offset: number; note: string }[]): Promise<void> {
    if (moves.length === 0) return;
    const lost = moves.find(({ home }) => home.revoked);
    if (lost !== undefined) {
      const sentence = `Cannot move back in "${this.#settings.topic}" as its partitions must be read here: partition ${lost.home.partition} is lost`;
      throw new EngineError("STREAM_STOPPED", sentence, { retryable: true });
    }
    try {
      await this.#commitOffsets(moves.map(({ home, ...commit }) => ({ home, commit: { ...commit, entered: 0 } })));
    } catch (cause) {
      throw unreachable(this.#settings.cluster, cause);
    }
    for (const { home, offset, note } of moves) home.moveBack(offset, note);
  }

  /** Commits what is settled and leaves the group. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#commitTimer?.cancel();
    await this.ready();
    await this.flush();
    await this.#consumer?.disconnect().catch(() => {});
  }

  async #join(): Promise<void> {
    const { topic, group, sessionTimeoutMs, cluster } = this.#settings;
    const { AssignerProtocol } = await loadKafkajs();
    const consumer: Consumer = this.#kafka.consumer({
      groupId: group,
      partitionAssigners: [bySubscription(AssignerProtocol, () => this.#onJoining())],
      allowAutoTopicCreation: false,
      // One that was ended while it recovered from a crash would start again all the same, and stay in the group.
      retry: { retries: crashRetries, restartOnFailure: async () => consumer === this.#consumer && !this.#closed },
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
      if (this.#closed) throw new EngineError("STREAM_STOPPED", "Cannot read from Kafka as the engine stops");
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        eachBatch: (payload) => this.#take(consumer, payload),
      });
      this.#joined = true;
      if (this.#closed) await consumer.disconnect();
      else this.#pauseAgain();
    } catch (cause) {
      this.#drop(consumer);
      throw unreachable(cluster, cause);
    }
  }

  #watch(consumer: Consumer): void {
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      if (consumer !== this.#consumer) return;
      // A member with another name was taken for dead meanwhile: others may have read its partitions.
      if (payload.memberId !== this.#memberId) this.#assign([]);
      this.#memberId = payload.memberId;
      this.#joinings = 0;
      this.#assign(payload.memberAssignment[this.#settings.topic] ?? []);
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

  /** Whoever joins again without a share has missed a deal of the group: others may have read its partitions. */
  #onJoining(): void {
    this.#joinings += 1;
    if (this.#joinings > 1) this.#assign([]);
  }

  #drop(consumer: Consumer): void {
    if (this.#consumer === consumer) {
      this.#consumer = undefined;
      this.#joining = undefined;
    }
    for (const home of this.#assigned.values()) home.revoke();
    this.#assigned.clear();
    this.#paused = false;
    this.#joined = false;
    this.#joinings = 0;
    this.#commitNow = undefined;
    void consumer.disconnect().catch(() => {});
  }

  #assign(partitions: readonly number[]): void {
    const before = this.#assigned;
    const kept = (partition: number) => before.get(partition) ?? new AssignedPartition(partition);
    this.#assigned = new Map(partitions.map((partition) => [partition, kept(partition)]));
    const lost = [...before.values()].filter(({ partition }) => !this.#assigned.has(partition));
    for (const home of lost) home.revoke();
    if (lost.length > 0) this.#taker?.onLost(lost);
    this.#taker?.onAssigned?.(partitions);
    this.#pauseAgain();
    this.#locating = this.#locate([...this.#assigned.values()].filter(({ located }) => !located));
  }

  /** A consumer forgets what was paused when its share changes. */
  #pauseAgain(): void {
    const { topic } = this.#settings;
    if (!this.#joined) return;
    if (this.#paused) this.#consumer?.pause([{ topic }]);
    else if (this.#held.size > 0) this.#consumer?.pause([{ topic, partitions: [...this.#held] }]);
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
        const { offset = "-1", metadata } = committed?.partitions.find(isOf(home)) ?? {};
        const { low = "0", high = "0" } = ends.find(isOf(home)) ?? {};
        const start = Math.max(Number(low), this.#taker?.startOf?.(home.partition) ?? 0);
        const known = Number(offset) < 0 ? undefined : { offset: Number(offset), metadata: metadata ?? "" };
        const gone = home.locate(known, known === undefined ? start : Number(low), this.#context.clock.now());
        this.#taker?.onLocated?.(home, Number(high));
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
    const isFirst = this.#commitNow === undefined;
    this.#commitNow = commitOffsetsIfNecessary;
    if (isFirst && this.#committable().length > 0) this.#commitSoon();
    const messages = home.take(batch);
    if (messages === "gap") {
      // What was asked for in vain is fetched again at once: better to wait here for the answer.
      await (home.located ? this.#locate([home]) : this.#locating);
      return;
    }
    resolveOffset(batch.lastOffset());
    if (messages.length > 0) this.#taker.onRecords(home, messages, Number(batch.highWatermark));
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

  #committable(): { readonly home: AssignedPartition; readonly commit: Commit }[] {
    const now = this.#context.clock.now();
    return [...this.#assigned.values()].flatMap((home) => {
      const commit = home.committable(now);
      return commit === undefined ? [] : [{ home, commit }];
    });
  }

  /** A commit that fails is tried again with what is settled and ours by then; a rebalance decides what that is. */
  async #commit(): Promise<void> {
    const settled = this.#committable();
    if (settled.length === 0 || this.#consumer === undefined || !this.#joined) return;
    try {
      await this.#commitOffsets(settled);
      for (const { home, commit } of settled) {
        home.noteCommitted(commit);
        this.#taker?.onCommitted?.(home, commit.offset);
      }
    } catch (error) {
      this.#context.log.debug(`Kafka refused a commit of "${this.#settings.group}": ${sentenceOf(rootOf(error))}`);
    }
  }

  async #commitOffsets(commits: readonly { readonly home: AssignedPartition; readonly commit: Commit }[]) {
    const { topic } = this.#settings;
    const partitions = commits.map(({ home, commit }) => ({
      partition: home.partition,
      offset: String(commit.offset),
      metadata: metadataOf(commit),
    }));
    // Before the first batch there are only places to be saved, or moved.
    if (this.#commitNow !== undefined) await this.#commitNow({ topics: [{ topic, partitions }] });
    else await this.#consumer?.commitOffsets(partitions.map((one) => ({ topic, ...one })));
  }
}

const isOf =
  ({ partition: wanted }: AssignedPartition) =>
  ({ partition }: { readonly partition: number }) =>
    partition === wanted;
const stillOurs = ({ revoked, located }: AssignedPartition) => !revoked && !located;
