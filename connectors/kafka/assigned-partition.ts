import type { Batch, KafkaMessage } from "kafkajs";
import { EntryClock } from "./entry-clock.ts";
import { fetchedOffsetOf } from "./kafkajs-internals.ts";
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
  /** What stands beside the last commit; a new run begins with it. */
  #note: string | undefined;
  /** To be committed beside the offset that is committed. */
  #unsaved: string | undefined;
  #entries = new EntryClock();
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
    return this.#note;
  }

  /**
   * @param committed What the group committed, if anything.
   * @param low The oldest offset of the log.
   * @returns how many records were gone before they were read.
   */
  locate(committed: { readonly offset: number; readonly note: string } | undefined, low: number): number {
    if (!this.located) {
      this.#note = committed?.note;
      this.#entries = new EntryClock(enteredOf(this.#note));
    }
    const wanted = this.#next ?? committed?.offset ?? low;
    const next = Math.max(wanted, low);
    this.#committed ??= next;
    this.#next = next;
    this.#silentEnd = undefined;
    return next - wanted;
  }

  /** When the next of the records that `take` gave entered; to be asked once for each, in their order. */
  enter({ timestamp }: KafkaMessage, now: number): number {
    return this.#entries.next(Number(timestamp), now);
  }

  /** The group gave it to someone else: nothing of it may be committed any more. */
  revoke(): void {
    this.#revoked = true;
  }

  /** Begins again after the last commit, as a new run does. What the last run handed on no longer counts. */
  rewind(): void {
    this.#tracker = new OffsetTracker();
    this.#entries = new EntryClock(enteredOf(this.#note));
    this.#next = this.#committed;
    this.#silentEnd = undefined;
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
   * @param note Stands beside the offset when it is committed: JSON, with the entry of the last record as `entered`.
   */
  handOn(end: number, rows: number, note: string): HandedOn {
    return { home: this, tracker: this.#tracker, span: this.#tracker.add(end, rows, note) };
  }

  /** Commits a note again, or for the first time, beside the offset that is committed. */
  save(note: string): void {
    this.#unsaved = note;
  }

  /** @returns whether more may be committed than before. */
  settle({ tracker, span }: HandedOn): boolean {
    return tracker.settle(span) && tracker === this.#tracker && !this.#revoked;
  }

  /** What a commit would say; undefined where there is nothing new. */
  get committable(): Commit | undefined {
    const { passed } = this.#tracker;
    if (this.#revoked) return undefined;
    if (passed !== undefined && passed.end !== this.#committed) return { offset: passed.end, note: passed.note };
    const offset = this.#committed;
    return this.#unsaved === undefined || offset === undefined ? undefined : { offset, note: this.#unsaved };
  }

  noteCommitted({ offset, note }: Commit): void {
    this.#committed = Math.max(this.#committed ?? 0, offset);
    this.#note = note;
    this.#unsaved = undefined;
  }
}

export interface Commit {
  readonly offset: number;
  readonly note: string;
}

function enteredOf(note: string | undefined): number {
  try {
    const { entered } = JSON.parse(note ?? "") as { readonly entered?: unknown };
    return typeof entered === "number" ? entered : 0;
  } catch {
    // Others may have set the offset, with any note or none.
    return 0;
  }
}

/** Records on their way through the engine. */
export interface HandedOn {
  readonly home: AssignedPartition;
  readonly tracker: OffsetTracker;
  readonly span: OffsetSpan;
}
