import type { BufferReader, BufferRecord } from "../../blocks/model/buffer.ts";
import type { SeriesTable } from "../../blocks/model/series.ts";
import type { Clock } from "../../runtime/clock/clock.ts";
import type { Tally } from "../../runtime/receipt.ts";
import { decodeBuffered } from "./buffer-record.ts";

export interface FetchedRecord {
  /** The offset after it. */
  readonly position: number;
  /** Undefined for a record that is none of a buffer. */
  readonly rows: number | undefined;
  readonly bytes: number;
  readonly value: Buffer | null;
  readonly enteredAt: number;
}

export interface KafkaReaderParts {
  readonly topic: string;
  readonly partition: number;
  readonly context: { readonly clock: Clock; readonly table: SeriesTable };
  /** Where reading ends for now; undefined while that is not known. */
  readonly end: () => number | undefined;
  /** Everything fetched was read. */
  readonly drained: () => void;
  /** @param read What is committed with it: records since the last commit. */
  readonly commit: (position: number, settled: Tally, read: readonly FetchedRecord[]) => Promise<void>;
  readonly closed: () => void;
}

/** Hands out what was fetched of one partition, from the last commit on. */
export class KafkaReader implements BufferReader {
  readonly #parts: KafkaReaderParts;
  #fetched: FetchedRecord[] = [];
  #bytes = 0;
  /** Read and not committed. */
  readonly #uncommitted: FetchedRecord[] = [];
  /** Where the next record begins; undefined before reading has begun. */
  #next: number | undefined;
  #touched = false;
  #wake: (() => void) | undefined;
  /** Who waits knows of the end already. */
  #knowsEnd = false;
  #failure: Error | undefined;
  #closed = false;

  constructor(parts: KafkaReaderParts) {
    this.#parts = parts;
  }

  /** Bytes that were fetched and not read. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether records of the present assignment come. */
  get begun(): boolean {
    return this.#next !== undefined;
  }

  /** Whether something was read: blocks may remember it. */
  get touched(): boolean {
    return this.#touched;
  }

  /** Records come from this offset on. */
  begin(offset: number): void {
    this.#fetched = [];
    this.#bytes = 0;
    this.#next = offset;
    this.wake();
  }

  /** The partition was lost before anything was read: it may come back. */
  halt(): void {
    this.#fetched = [];
    this.#bytes = 0;
    this.#next = undefined;
    this.wake();
  }

  offer(records: readonly FetchedRecord[]): void {
    const next = this.#next;
    if (this.#closed || next === undefined) return;
    for (const record of records) {
      if (record.position <= next) continue;
      this.#fetched.push(record);
      this.#bytes += record.bytes;
    }
    this.wake();
  }

  read(): BufferRecord | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    const record = this.#fetched.shift();
    if (record === undefined || this.#closed) return undefined;
    const { position, rows, bytes, value, enteredAt } = record;
    this.#bytes -= bytes;
    this.#next = position;
    this.#touched = true;
    // What was read is not needed any more, save its size.
    this.#uncommitted.push({ position, rows, bytes, value: null, enteredAt });
    if (this.#fetched.length === 0) this.#parts.drained();
    const chunks = () => (rows === undefined || value === null ? [] : decodeBuffered(value, this.#parts.context.table));
    return { position, rows: rows ?? 0, enteredAt, chunks };
  }

  get atEnd(): boolean {
    if (this.#closed) return true;
    const end = this.#parts.end();
    if (end === undefined || this.#fetched.length > 0) return false;
    // The partition of another engine ends before its first record.
    return end === 0 || (this.#next !== undefined && this.#next >= end);
  }

  onRecord(wake: () => void): void {
    this.#wake = wake;
    this.#knowsEnd = this.atEnd;
    if (this.#hasNews()) this.#parts.context.clock.soon(() => this.wake());
  }

  /** Wakes who waits, where there is something to say. */
  wake(): void {
    const wake = this.#wake;
    if (wake === undefined || this.#closed || !this.#hasNews()) return;
    this.#wake = undefined;
    wake();
  }

  commit(position: number, settled: Tally): Promise<void> {
    const next = this.#uncommitted.findIndex((record) => record.position > position);
    const read = this.#uncommitted.splice(0, next === -1 ? this.#uncommitted.length : next);
    return this.#parts.commit(position, settled, read);
  }

  fail(error: Error): void {
    if (this.#closed) return;
    this.#failure = error;
    this.wake();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#fetched = [];
    this.#wake = undefined;
    this.#parts.closed();
  }

  #hasNews(): boolean {
    return this.#failure !== undefined || this.#fetched.length > 0 || (!this.#knowsEnd && this.atEnd);
  }
}
