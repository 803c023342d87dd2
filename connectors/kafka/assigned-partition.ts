import type { Batch, KafkaMessage } from "kafkajs";
import { EntryClock } from "./entry-clock.ts";
import { fetchedOffsetOf, hasAppendTime } from "./kafkajs-internals.ts";
import { type OffsetSpan, OffsetTracker } from "./offset-tracker.ts";

/**
 * One partition for as long as the group gives it to us: where reading stands, and what may be committed. A batch is taken only
 * where it joins what was taken before, so that neither a rebalance nor a stale batch leaves a hole that a commit would pass.
 */
export class AssignedPartition {
  readonly partition: number;
  /** The offset to begin with after a start; undefined until it was asked for. */
  #committed: number | undefined;
  /** The offset that the next record must have, or a later one that follows it in the log. */
  #next: number | undefined;
  /** Where a run of records ended that kafkajs keeps to itself: marks of transactions. */
  #silentEnd: number | undefined;
  #tracker = new OffsetTracker();
  /** The last commit; a new run begins with it. */
  #last: Commit | undefined;
  /** To be committed beside the offset that is committed. */
  #unsaved: string | undefined;
  /** When it was first asked where reading begins, so that a second start comes to the same entries as the first. */
  #begun = 0;
  #entries = new EntryClock(0, 0);
  /** Producers say when their records are of. */
  #producersTime = false;
  #revoked = false;

  constructor(partition: number) {
    this.partition = partition;
  }

  get revoked(): boolean {
    return this.#revoked;
  }

  get next(): number | undefined {
    return this.#next;
  }

  get committed(): number | undefined {
    return this.#committed;
  }

  get located(): boolean {
    return this.#next !== undefined;
  }

  /** What stands beside the last commit. */
  get note(): string | undefined {
    return this.#last?.note;
  }

  /**
   * @param committed What the group committed, if anything, and the metadata beside it.
   * @param low The oldest offset of the log.
   * @returns how many records were gone before they were read.
   */
  locate(
    committed: { readonly offset: number; readonly metadata: string } | undefined,
    low: number,
    now: number,
  ): number {
    if (!this.located) {
      this.#last =
        committed === undefined ? undefined : { offset: committed.offset, ...readMetadata(committed.metadata) };
      this.#begun = now;
      this.#entries = this.#newEntries();
    }
    const wanted = this.#next ?? committed?.offset ?? low;
    const next = Math.max(wanted, low);
    this.#committed ??= next;
    this.#next = next;
    this.#silentEnd = undefined;
    return next - wanted;
  }

  /** When the next of the records that `take` gave entered; to be asked once for each, in their order. */
  enter(message: KafkaMessage, now: number): number {
    const isAppendTime = hasAppendTime(message);
    this.#producersTime ||= !isAppendTime;
    return this.#entries.next(Number(message.timestamp), isAppendTime, now);
  }

  /** The group committed an offset before the last one: reading begins again there. */
  moveBack(offset: number, note: string): void {
    this.#committed = offset;
    this.#last = { offset, entered: 0, note };
    this.#unsaved = undefined;
    this.rewind();
  }

  /** The group gave it to someone else: nothing of it may be committed any more. */
  revoke(): void {
    this.#revoked = true;
  }

  /** Begins again after the last commit, as a new run does. What the last run handed on no longer counts. */
  rewind(): void {
    this.#tracker = new OffsetTracker();
    this.#entries = this.#newEntries();
    this.#next = this.#committed;
    this.#silentEnd = undefined;
  }

  #newEntries(): EntryClock {
    return new EntryClock(this.#last?.entered ?? 0, this.#begun);
  }

  /** Records up to `lastOffset` were fetched, and there is nothing in them for us. */
  skip(lastOffset: number): void {
    this.#silentEnd = lastOffset + 1;
  }

  /** The records of the batch that were not taken before; `gap` when something between is missing, and nothing is taken. */
  take(batch: Batch): readonly KafkaMessage[] | "gap" {
    const next = this.#next;
    if (next === undefined) return "gap";
    const fetched = fetchedOffsetOf(batch);
    if (fetched > next && fetched !== this.#silentEnd) return "gap";
    this.#next = Math.max(next, Number(batch.lastOffset()) + 1);
    return fetched >= next ? batch.messages : batch.messages.filter(({ offset }) => Number(offset) >= next);
  }

  /**
   * Notes what is handed on as one: records up to the one before `end`.
   *
   * @param entered When the last of them entered.
   * @param note Stands beside the offset when it is committed.
   */
  handOn(end: number, rows: number, entered: number, note?: string): HandedOn {
    return { home: this, tracker: this.#tracker, span: this.#tracker.add(end, rows, entered, note) };
  }

  /** Commits a note again, or for the first time, beside the offset that is committed. */
  save(note: string): void {
    this.#unsaved = note;
  }

  /** @returns whether more may be committed than before. */
  settle({ tracker, span }: HandedOn): boolean {
    return tracker.settle(span) && tracker === this.#tracker && !this.#revoked;
  }

  /**
   * What a commit would say; undefined where there is nothing new.
   *
   * Where producers say when, a commit notes the present: whoever goes on from it has later entries than whoever read before, and
   * none that lie long ago.
   */
  committable(now: number): Commit | undefined {
    const { passed } = this.#tracker;
    if (this.#revoked) return undefined;
    if (passed !== undefined && passed.end !== this.#committed) {
      const { end, note } = passed;
      const entered = this.#producersTime ? Math.max(passed.entered, now) : passed.entered;
      return { offset: end, entered, note, reading: this.#tracker };
    }
    const offset = this.#committed;
    if (this.#unsaved === undefined || offset === undefined) return undefined;
    return { offset, entered: this.#last?.entered ?? 0, note: this.#unsaved };
  }

  noteCommitted(commit: Commit): void {
    this.#committed = commit.offset;
    this.#last = commit;
    this.#unsaved = undefined;
    // A reading that began again since then is of records before the offset, which entered before.
    if (commit.reading === this.#tracker) this.#entries.moveTo(commit.entered);
  }
}

export interface Commit {
  readonly offset: number;
  /** Records from there on enter after this moment. */
  readonly entered: number;
  readonly note: string;
  /** Absent where it says nothing new but its note. */
  readonly reading?: OffsetTracker;
}

/** What the group keeps beside an offset: the moment, a space, the note. */
export const metadataOf = ({ entered, note }: Pick<Commit, "entered" | "note">) => `${entered} ${note}`;

/** Others may have set the offset, with any metadata or none. */
export function readMetadata(metadata: string): Pick<Commit, "entered" | "note"> {
  const [, moment, note = ""] = /^(\d+(?:\.\d+)?) (.*)$/s.exec(metadata) ?? [];
  return { entered: Number(moment ?? 0), note };
}

/** Records on their way through the engine. */
export interface HandedOn {
  readonly home: AssignedPartition;
  readonly tracker: OffsetTracker;
  readonly span: OffsetSpan;
}
