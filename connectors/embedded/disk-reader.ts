import type { BufferReader, BufferRecord } from "../../blocks/model/buffer.ts";
import type { SeriesTable } from "../../blocks/model/series.ts";
import type { Clock } from "../../runtime/clock/clock.ts";
import type { Tally } from "../../runtime/receipt.ts";
import type { BufferPartition } from "./buffer-partition.ts";
import { decodeRecord } from "../../blocks/model/rows/record.ts";

export interface DiskReaderParts {
  readonly consumer: string;
  readonly partition: BufferPartition;
  /** Reading starts behind it. */
  readonly position: number;
  readonly table: SeriesTable;
  readonly clock: Clock;
  readonly indexOf: (id: number) => number;
  readonly commit: (position: number, settled: Tally) => Promise<void>;
  readonly closed: () => void;
}

/** Reads durable records only: what it returns is never taken back. */
export class DiskReader implements BufferReader {
  readonly #parts: DiskReaderParts;
  #position: number;
  #wake: (() => void) | undefined;
  #closed = false;

  constructor(parts: DiskReaderParts) {
    this.#parts = parts;
    this.#position = parts.position;
  }

  read(): BufferRecord | undefined {
    const { partition, table, indexOf } = this.#parts;
    const record = this.#closed ? undefined : partition.read(this.#position);
    if (record === undefined) return undefined;
    const { position, rows, bytes, enteredAt } = record;
    this.#position = position;
    return { position, rows, enteredAt, chunks: () => decodeRecord(bytes, table, indexOf) };
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
    if (!this.#parts.partition.places.has(this.#parts.consumer)) this.close();
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
