import assert from "node:assert/strict";
import type { ConsumerBooks } from "../../blocks/model/buffer.ts";
import type { ObservationChunk } from "../../blocks/model/observation-chunk.ts";
import { EngineError } from "../../runtime/errors.ts";
import { Tally } from "../../runtime/receipt.ts";

export interface MemoryRecord {
  readonly position: number;
  readonly rows: number;
  readonly chunks: readonly ObservationChunk[];
}

/** The records of one partition, ascending, and the place of each consumer among them. */
export class MemoryPartition {
  #records: MemoryRecord[] = [];
  readonly #places = new Map<string, { position: number; settled: Tally }>();
  /** Rows ever appended. */
  appended = 0;
  /** Position of the last record ever appended. */
  position = 0;

  get records(): readonly MemoryRecord[] {
    return this.#records;
  }

  /** Appends one record. @returns its rows. */
  append(chunks: readonly ObservationChunk[]): number {
    const rows = chunks.reduce((sum, { length }) => sum + length, 0);
    this.position += 1;
    this.appended += rows;
    this.#records.push({ position: this.position, rows, chunks });
    return rows;
  }

  /** The first record behind `position`. */
  read(position: number): MemoryRecord | undefined {
    // Positions are dense, so the index follows from the first one.
    const first = this.#records[0]?.position ?? 0;
    return this.#records[Math.max(0, position + 1 - first)];
  }

  /** The place of a consumer; a new one stands before the oldest record. */
  join(consumer: string): { position: number; settled: Tally } {
    let place = this.#places.get(consumer);
    if (place === undefined) {
      const oldest = this.#records[0];
      place = {
        position: oldest === undefined ? this.position : oldest.position - 1,
        settled: settledBefore(this.appended - rowsOf(this.#records)),
      };
      this.#places.set(consumer, place);
    }
    return place;
  }

  has(consumer: string): boolean {
    return this.#places.has(consumer);
  }

  /** @returns rows that were removed, as every consumer has committed them. */
  commit(consumer: string, position: number, settled: Tally): number {
    assert(position <= this.position, "a position must have been read before it is committed");
    const place = this.#places.get(consumer);
    if (place === undefined) {
      throw new EngineError("STREAM_STOPPED", `Cannot commit as the buffer no longer has the consumer "${consumer}"`);
    }
    place.position = Math.max(place.position, position);
    const sum = new Tally();
    sum.addAll(place.settled);
    sum.addAll(settled);
    place.settled = sum;
    return this.#removeCommitted();
  }

  /** @returns rows that were removed. */
  retain(consumers: readonly string[]): number {
    for (const consumer of [...this.#places.keys()]) if (!consumers.includes(consumer)) this.#places.delete(consumer);
    return this.#removeCommitted();
  }

  books(): Map<string, ConsumerBooks> {
    const books = new Map<string, ConsumerBooks>();
    for (const [consumer, { position, settled }] of this.#places) {
      const pending = rowsOf(this.#records.filter((record) => record.position > position));
      books.set(consumer, { appended: this.appended, pending, settled });
    }
    return books;
  }

  #removeCommitted(): number {
    if (this.#places.size === 0) return 0;
    let committed = Number.POSITIVE_INFINITY;
    for (const { position } of this.#places.values()) committed = Math.min(committed, position);
    const kept = this.#records.findIndex(({ position }) => position > committed);
    const removed = this.#records.splice(0, kept === -1 ? this.#records.length : kept);
    return rowsOf(removed);
  }
}

const rowsOf = (records: readonly MemoryRecord[]) => records.reduce((sum, { rows }) => sum + rows, 0);

/** What a consumer that joins now has behind it: rows that are gone already count as filtered, so that its books balance. */
function settledBefore(rows: number): Tally {
  const tally = new Tally();
  tally.entered = rows;
  if (rows > 0) tally.filtered.set("before the consumer joined", rows);
  return tally;
}
