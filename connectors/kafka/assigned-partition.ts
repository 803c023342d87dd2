import type { Batch, KafkaMessage } from "kafkajs";
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

  /**
   * @param committed The offset that the group committed, if any.
   * @param low The oldest offset of the log.
   * @returns how many records were gone before they were read.
   */
  locate(committed: number | undefined, low: number): number {
    const wanted = this.#next ?? committed ?? low;
    const next = Math.max(wanted, low);
    this.#committed ??= next;
    this.#next = next;
    this.#silentEnd = undefined;
    return next - wanted;
  }

  /** The group gave it to someone else: nothing of it may be committed any more. */
  revoke(): void {
    this.#revoked = true;
  }

  /** Begins again after the last commit, as a new run does. What the last run handed on no longer counts. */
  rewind(): void {
    this.#tracker = new OffsetTracker();
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

  /** Notes what is handed on as one: records up to the one before `end`. */
  handOn(end: number, rows: number): HandedOn {
    return { home: this, tracker: this.#tracker, span: this.#tracker.add(end, rows) };
  }

  /** @returns whether more may be committed than before. */
  settle({ tracker, span }: HandedOn): boolean {
    return tracker.settle(span) && tracker === this.#tracker && !this.#revoked;
  }

  /** What a commit would say; undefined where there is nothing new. */
  get committable(): number | undefined {
    const { passed } = this.#tracker;
    if (this.#revoked || passed === undefined || passed === this.#committed) return undefined;
    return passed;
  }

  noteCommitted(offset: number): void {
    this.#committed = Math.max(this.#committed ?? 0, offset);
  }
}

/** Records on their way through the engine. */
export interface HandedOn {
  readonly home: AssignedPartition;
  readonly tracker: OffsetTracker;
  readonly span: OffsetSpan;
}
