import type { KafkaMessage } from "kafkajs";
import type { BufferReader, ReplayedPlace } from "../../blocks/model/buffer.ts";
import type { ComponentContext } from "../../blocks/model/component.ts";
import { EngineError } from "../../runtime/errors.ts";
import type { Tally } from "../../runtime/receipt.ts";
import type { AssignedPartition } from "./assigned-partition.ts";
import { type BufferPlace, decodePlace, encodePlace, newPlace, placeAfter, placeBefore } from "./buffer-place.ts";
import { KafkaReader, type FetchedRecord } from "./buffer-reader.ts";
import { rowsOfBuffered } from "./buffer-record.ts";
import type { Census, Extent } from "./census.ts";
import type { GroupMember, Taker } from "./group-member.ts";

export interface BufferConsumerParts {
  readonly name: string;
  readonly topic: string;
  readonly group: string;
  readonly member: GroupMember;
  readonly censuses: readonly Census[];
  readonly context: ComponentContext;
  /** Something was committed. */
  readonly committed: () => void;
}

/** Records that are fetched ahead of a reader; beyond it its partition is not fetched. */
const aheadBytesMax = 4 * 1024 * 1024;

const nothing: Extent = { records: 0, rows: 0, bytes: 0 };

interface PendingCommit {
  readonly place: BufferPlace;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** What this engine has of one partition for one consumer. */
class Share {
  /** What was committed. */
  place: BufferPlace;
  /** The same with what is on its way. */
  promised: BufferPlace;
  readonly commits: PendingCommit[] = [];
  home: AssignedPartition | undefined;
  reader: KafkaReader | undefined;

  constructor(place: BufferPlace) {
    this.place = place;
    this.promised = place;
  }

  stand(place: BufferPlace): void {
    this.place = place;
    this.promised = place;
  }

  fail(error: Error): void {
    this.refuse(error);
    this.reader?.fail(error);
  }

  /** Commits on their way are for nobody. */
  refuse(error: Error): void {
    for (const { reject } of this.commits.splice(0)) reject(error);
    this.promised = this.place;
  }
}

/**
 * A segment that reads a buffer: a consumer group of its own, of which every engine that runs the graph is a member. The group
 * gives each partition to one engine; what an engine has not committed when it loses a partition is read by the next one.
 *
 * Memory: 4 MiB of records fetched ahead and one fetch, for each partition.
 */
export class BufferConsumer implements Taker {
  readonly #parts: BufferConsumerParts;
  readonly #shares: readonly Share[];
  #dealt = false;

  constructor(parts: BufferConsumerParts, places: readonly (BufferPlace | undefined)[]) {
    this.#parts = parts;
    this.#shares = parts.censuses.map((census, partition) => {
      const place = places[partition] ?? newPlace(census.settled);
      census.move(parts.name, place.position, place.again);
      return new Share(place);
    });
  }

  get group(): string {
    return this.#parts.group;
  }

  /** Its name in the group; undefined before it joined. */
  get memberId(): string | undefined {
    return this.#parts.member.memberId;
  }

  /** Waits for its joining, if that is under way. */
  ready(): Promise<void> {
    return this.#parts.member.ready();
  }

  placeOf(partition: number): BufferPlace {
    return this.#share(partition).place;
  }

  /** Partitions that other engines read, or nobody. */
  get elsewhere(): readonly number[] {
    return [...this.#shares.keys()].filter((partition) => this.#shares[partition]?.home === undefined);
  }

  /** Another engine committed. */
  stand(partition: number, place: BufferPlace): void {
    const share = this.#share(partition);
    if (share.home !== undefined || place.position < share.place.position) return;
    this.#stand(share, partition, place);
  }

  #stand(share: Share, partition: number, place: BufferPlace): void {
    share.stand(place);
    this.#parts.censuses[partition]?.move(this.#parts.name, place.position, place.again);
  }

  /** Joins the group where it has not. @returns whether it reads all of these partitions; where not, another engine does. */
  async owns(partitions: readonly number[]): Promise<boolean> {
    const { member } = this.#parts;
    await member.join(this);
    await member.ready();
    await member.flush();
    return partitions.every((partition) => this.#share(partition).home !== undefined);
  }

  /**
   * Moves back to these offsets, by partition, what stands behind them; it owns them all, and has no reader of them.
   *
   * @throws {EngineError} As `moveBack` of a member: then nothing is moved.
   */
  async rewind(starts: ReadonlyMap<number, number>): Promise<ReplayedPlace[]> {
    const { name, member, censuses } = this.#parts;
    const moves: { partition: number; share: Share; place: BufferPlace; home: AssignedPartition; note: string }[] = [];
    const places: ReplayedPlace[] = [];
    for (const [partition, start] of starts) {
      const share = this.#share(partition);
      const { place, home } = share;
      const census = censuses[partition];
      if (home === undefined || census === undefined) continue;
      const position = Math.min(start, place.position);
      const rows = census.aheadFrom(name, position).rows - census.aheadFrom(name, place.position).rows;
      places.push({ consumer: name, partition, position: position + 1, rows });
      if (position === place.position) continue;
      const back = placeBefore(place, position);
      moves.push({ partition, share, place: back, home, note: this.#note(partition, back) });
    }
    await member.moveBack(moves.map(({ home, place, note }) => ({ home, offset: place.position, note })));
    for (const { share, partition, place } of moves) this.#stand(share, partition, place);
    return places;
  }

  /** Reads from the last commit on; a reader that is there is closed. */
  reader(partition: number): BufferReader {
    const share = this.#share(partition);
    const { member, context, topic } = this.#parts;
    share.reader?.close();
    const reader = new KafkaReader({
      topic,
      partition,
      context,
      end: () => this.#endOf(partition),
      drained: () => member.release(partition),
      commit: (position, settled, read) => this.#commit(partition, position, settled, read),
      closed: () => {
        member.hold(partition);
        if (share.reader === reader) share.reader = undefined;
      },
    });
    share.reader = reader;
    member.join(this).then(
      (joined) => (joined ? this.#begin(share, reader) : undefined),
      (error: Error) => reader.fail(error),
    );
    return reader;
  }

  onRecords(home: AssignedPartition, messages: readonly KafkaMessage[], high: number): void {
    const { member, censuses, context } = this.#parts;
    const share = this.#share(home.partition);
    const census = censuses[home.partition];
    if (census !== undefined) census.high = Math.max(census.high, high);
    const records = messages.map((message): FetchedRecord => {
      const rows = rowsOfBuffered(message.value);
      const bytes = message.value?.length ?? 0;
      if (rows === undefined) this.#lament(home.partition, message);
      census?.learn(Number(message.offset), rows ?? 0, bytes);
      const position = Number(message.offset) + 1;
      return { position, rows, bytes, value: message.value, enteredAt: home.enter(message, context.clock.now()) };
    });
    if (share.reader === undefined || share.home !== home) return;
    share.reader.offer(records);
    if (share.reader.bytes > aheadBytesMax) member.hold(home.partition);
  }

  onAssigned(partitions: readonly number[]): void {
    this.#dealt = true;
    for (const [partition, share] of this.#shares.entries()) {
      if (!partitions.includes(partition)) share.reader?.wake();
    }
  }

  onLocated(home: AssignedPartition, high: number): void {
    const share = this.#share(home.partition);
    const census = this.#parts.censuses[home.partition];
    if (census !== undefined) census.high = Math.max(census.high, high);
    if (share.home === home) return;
    share.home = home;
    const known = decodePlace(home.note ?? "", home.committed ?? 0)?.place;
    // Somebody else may have set the offset: what became of the rows before is not known then.
    this.#stand(share, home.partition, known ?? { ...share.place, position: home.committed ?? 0 });
    if (known === undefined) this.#save(home.partition);
    if (share.reader === undefined) this.#parts.member.hold(home.partition);
    else void this.#begin(share, share.reader);
  }

  onCommitted(home: AssignedPartition, offset: number): void {
    const share = this.#share(home.partition);
    while (share.commits[0] !== undefined && share.commits[0].place.position <= offset) {
      const { place, resolve } = share.commits.shift() as PendingCommit;
      share.place = place;
      this.#parts.censuses[home.partition]?.move(this.#parts.name, place.position, place.again);
      resolve();
    }
    this.#parts.committed();
  }

  onLost(partitions: readonly AssignedPartition[]): void {
    for (const home of partitions) {
      const share = this.#share(home.partition);
      if (share.home !== home) continue;
      share.home = undefined;
      const sentence = `Cannot go on with what is in memory as another engine reads partition ${home.partition} of "${this.#parts.topic}" now`;
      const error = new EngineError("STREAM_STOPPED", sentence, { retryable: true });
      share.refuse(error);
      // One that read nothing holds nothing: it waits for the partition to come back.
      if (share.reader?.touched === true) share.reader.fail(error);
      else share.reader?.halt();
    }
  }

  onFailed(error: Error): void {
    this.#dealt = false;
    for (const share of this.#shares) {
      share.home = undefined;
      share.fail(error);
    }
  }

  startOf(partition: number): number {
    return this.#share(partition).place.position;
  }

  /** Leaves the group, with the books as they are. */
  async close(): Promise<void> {
    for (const share of this.#shares) share.reader?.close();
    await this.#parts.member.ready();
    await this.#parts.member.flush();
    for (const [partition, { home }] of this.#shares.entries()) if (home !== undefined) this.#save(partition);
    await this.#parts.member.close();
    const error = new EngineError("STREAM_STOPPED", "Cannot commit as the buffer was closed", { retryable: true });
    for (const share of this.#shares) share.fail(error);
  }

  #share(partition: number): Share {
    const share = this.#shares[partition];
    if (share === undefined) throw new RangeError(`no partition ${partition}`);
    return share;
  }

  async #begin(share: Share, reader: KafkaReader): Promise<void> {
    const { home } = share;
    if (home === undefined || share.reader !== reader) return;
    await this.#parts.member.committing;
    if (share.home !== home || share.reader !== reader || reader.begun || home.revoked) return;
    // Nothing may be taken between the one and the other: it would be passed over.
    this.#parts.member.again(home);
    share.refuse(new EngineError("STREAM_STOPPED", "Cannot commit as reading began again", { retryable: true }));
    reader.begin(home.next ?? 0);
    this.#parts.member.release(home.partition);
  }

  /** Where reading ends for now; undefined while that is not known, or where it has not begun. */
  #endOf(partition: number): number | undefined {
    const { home } = this.#share(partition);
    if (home !== undefined) return this.#parts.censuses[partition]?.high;
    return this.#dealt && !this.#parts.member.partitions.includes(partition) ? 0 : undefined;
  }

  #commit(partition: number, position: number, settled: Tally, read: readonly FetchedRecord[]): Promise<void> {
    const share = this.#share(partition);
    const { home, promised } = share;
    const last = read.at(-1);
    if (position <= promised.position) return Promise.resolve();
    if (home === undefined || last === undefined) {
      const sentence = `Cannot commit as another engine reads partition ${partition} of "${this.#parts.topic}" now`;
      return Promise.reject(new EngineError("STREAM_STOPPED", sentence, { retryable: true }));
    }
    const place = placeAfter(promised, position, read, settled);
    share.promised = place;
    return new Promise((resolve, reject) => {
      share.commits.push({ place, resolve, reject });
      this.#parts.member.settle(home.handOn(position, 0, last.enteredAt, this.#note(partition, place)));
    });
  }

  #save(partition: number): void {
    const { home, place } = this.#share(partition);
    home?.save(this.#note(partition, place));
    this.#parts.member.commitSaved();
  }

  #note(partition: number, place: BufferPlace): string {
    const census = this.#parts.censuses[partition];
    const ahead = census?.aheadFrom(this.#parts.name, place.position) ?? nothing;
    return encodePlace(place, { ahead, seen: census?.seen ?? nothing });
  }

  #lament(partition: number, { offset }: KafkaMessage): void {
    const fields = { topic: this.#parts.topic, partition, offset };
    this.#parts.context.log.error("A record of the topic is none of a buffer: it is passed over", fields);
  }
}
