import type { Tally } from "../../runtime/receipt.ts";
import type { SeriesPlaces } from "./store.ts";
import type { ObservationChunk } from "./observation-chunk.ts";

/** Of the records that are not settled: some consumer has never committed them. */
export interface BufferDepth {
  readonly records: number;
  readonly rows: number;
  readonly bytes: number;
}

/** What one partition of a buffer can prove about itself: for each consumer, `appended = settled + pending`. */
export interface BufferBooks {
  readonly partition: number;
  readonly consumers: ReadonlyMap<string, ConsumerBooks>;
}

export interface ConsumerBooks {
  /** Rows ever appended, or since the consumer joined. */
  readonly appended: number;
  /** Rows it has not committed, counted from the records themselves. */
  readonly pending: number;
  /** What became of the others. */
  readonly settled: Tally;
}

/** What one append left at rest: a position, the rows of one partition in order of entry. */
export interface BufferRecord {
  /** Ascending within a partition, from 1. */
  readonly position: number;
  readonly rows: number;
  /** When it was appended, as `Receipt.enteredAt` has it. Absent where the buffer does not survive its process. */
  readonly enteredAt?: number | undefined;
  /** Decodes the rows: one or more chunks, each under a receipt of its own that nobody watches; use `under`. */
  chunks(): ObservationChunk[];
}

/** Where a replay begins: at the first record that entered at `time` (ms since the epoch) or later, or at the record `position`. */
export type ReplayStart = { readonly time: number } | { readonly position: number };

/** What a consumer will read again of one partition. */
export interface ReplayedPlace {
  readonly consumer: string;
  readonly partition: number;
  /** Of the first record that it reads next. */
  readonly position: number;
  /** Data points that it had settled and reads again; about, where the buffer must read the records to know. */
  readonly rows: number;
}

/** How long records are kept that every consumer has committed; they count neither as depth nor as full. */
export interface Retention {
  /** From their entry on; 0: not at all. */
  readonly ms: number;
  /** Of all partitions together, in equal shares; beyond it the oldest go. */
  readonly bytesMax: number;
}

/**
 * One consumer's place in one partition. A record stays until every consumer of the buffer committed it, and as long as the
 * retention of the settings says.
 */
export interface BufferReader {
  /**
   * The next record after the last one read; undefined where none is at hand, which is the end of the partition where `atEnd`
   * says so.
   *
   * @throws {EngineError} `STREAM_STOPPED`, retryable, once another engine reads the partition.
   */
  read(): BufferRecord | undefined;
  /** Whether everything that was appended has been read, as far as this process knows, or is for other engines to read. */
  readonly atEnd: boolean;
  /** Called after a `read` that found nothing, once another may find something or the end; at most once a `read`. */
  onRecord(wake: () => void): void;
  /**
   * Everything up to `position`, which was read, is at rest elsewhere. `settled` says what became of the rows since the last commit
   * and is added to the books in the same transaction. Resolves once durable; commits of one turn are grouped.
   *
   * @throws {EngineError} `STREAM_STOPPED`, retryable, where the place is another's now.
   */
  commit(position: number, settled: Tally): Promise<void>;
  close(): void;
}

/**
 * The only place where data rests between nodes. What it acknowledged survives `kill -9` where the buffer is durable.
 */
export interface Buffer {
  readonly partitions: number;
  readonly durable: boolean;
  /** Where it holds so many series and no more. Absent: any number. */
  readonly places?: SeriesPlaces;
  /**
   * Appends rows in order, each to the partition `series.hash % partitions`; chunks of one turn become one record a partition
   * (group commit), or several where they are large. Does not touch receipts.
   *
   * @returns resolves once durable.
   * @throws {EngineError} `BUFFER_FULL`, retryable, at the limit of the settings: nothing of the call was appended.
   */
  append(chunks: readonly ObservationChunk[]): Promise<void>;
  /** Whether an append would be refused now. */
  readonly full: boolean;
  /** Calls `wake` once when it is no longer full. */
  onRoom(wake: () => void): void;
  /** Continues after the last position that `consumer` committed; a new one starts at the oldest record that is not settled. */
  reader(consumer: string, partition: number): BufferReader;
  /**
   * Moves consumers back, those that stand before `start` excepted. None of them may have a reader. What they read again counts
   * in their books as added.
   *
   * @param partition The only one that is meant; absent: all.
   * @returns resolves once durable.
   * @throws {EngineError} `USAGE_INVALID` where the buffer keeps nothing that is settled, or no longer what is asked for: then
   *   nothing is moved.
   */
  rewind?(consumers: readonly string[], start: ReplayStart, partition?: number): Promise<readonly ReplayedPlace[]>;
  /** Forgets the places of all other consumers, so that they hold no record back. */
  retain(consumers: readonly string[]): Promise<void>;
  depth(): BufferDepth;
  books(): BufferBooks[];
  /** Lets other processes know where its engine answers queries. Absent where nobody owns the buffer. */
  setAddress?(address: string): Promise<void>;
  /** Waits for pending appends and commits. */
  close(): Promise<void>;
}
