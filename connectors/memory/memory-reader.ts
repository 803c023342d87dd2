import type { BufferReader, BufferRecord } from "../../blocks/model/buffer.ts";
import type { Clock } from "../../runtime/clock/clock.ts";
import { Receipt, type Tally } from "../../runtime/receipt.ts";
import type { MemoryPartition } from "./memory-partition.ts";

export interface MemoryReaderParts {
  readonly consumer: string;
  readonly partition: MemoryPartition;
  /** Reading starts behind it. */
  readonly position: number;
  readonly clock: Clock;
  readonly commit: (position: number, settled: Tally) => Promise<void>;
  readonly closed: () => void;
}

/** Hands out the chunks that were appended, under receipts of their own: columns are never written after they were handed in. */
export class MemoryReader implements BufferReader {
  readonly #parts: MemoryReaderParts;
  #position: number;
  #wake: (() => void) | undefined;
  #closed = false;

  constructor(parts: MemoryReaderParts) {
    this.#parts = parts;
    this.#position = parts.position;
  }

  read(): BufferRecord | undefined {
    const record = this.#closed ? undefined : this.#parts.partition.read(this.#position);
    if (record === undefined) return undefined;
    const { position, rows, chunks } = record;
    this.#position = position;
    return { position, rows, chunks: () => chunks.map((chunk) => chunk.under(unwatched(chunk.length))) };
  }

  get atEnd(): boolean {
    return this.#position >= this.#parts.partition.position;
  }

  onRecord(wake: () => void): void {
    this.#wake = wake;
    if (!this.atEnd) this.#parts.clock.soon(() => this.wakeIfBehind());
  }

  /** Also ends the reader of a consumer that was dropped. */
  wakeIfBehind(): void {
    if (!this.#parts.partition.has(this.#parts.consumer)) this.close();
    const wake = this.#wake;
    if (wake === undefined || this.#closed || this.atEnd) return;
    this.#wake = undefined;
    wake();
  }

  commit(position: number, settled: Tally): Promise<void> {
    return this.#parts.commit(position, settled);
  }

  close(): void {
    this.#closed = true;
    this.#wake = undefined;
    this.#parts.closed();
  }
}

const unwatched = (rows: number) =>
  new Receipt(
    rows,
    () => {},
    () => {},
  );
