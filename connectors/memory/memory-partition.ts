import assert from "node:assert/strict";
import type { ConsumerBooks, ReplayStart, Retention } from "../../blocks/model/buffer.ts";
import type { ObservationChunk } from "../../blocks/model/observation-chunk.ts";
import { refuseGone, settledWithout } from "../../blocks/model/replay-start.ts";
import { EngineError } from "../../runtime/errors.ts";
import { Tally } from "../../runtime/receipt.ts";

export interface MemoryRecord {
  readonly position: number;
  readonly rows: number;
  /** When it was appended, ms since the epoch. */
  readonly at: number;
  readonly chunks: readonly ObservationChunk[];
}

/** Series index, time and value: what the columns of numbers take; boxed values are not measured. */
export const rowBytes = 20;

/** The records of one partition, ascending, and the place of each consumer among them. */
export class MemoryPartition {
  readonly #index: number;
  readonly #retention: Retention;
  #records: MemoryRecord[] = [];
  readonly #places = new Map<string, { position: number; settled: Tally }>();
  /** Rows ever appended. */
  appended = 0;
  /** Position of the last record ever appended. */
  position = 0;
  /** Every record up to here was committed by every consumer once. */
  #settled = 0;
  /** Rows of the records that are kept though they are. */
  #retainedRows = 0;
  #goneAt: number | undefined;

  /** @param retention The share of this partition. */
  constructor(index: number, retention: Retention) {
    this.#index = index;
    this.#retention = retention;
  }

  /** Those that are not settled. */
  get records(): readonly MemoryRecord[] {
    return this.#within(this.#settled, this.position);
  }

  /** Appends one record. @returns its rows. */
  append(chunks: readonly ObservationChunk[], at: number): number {
    const rows = chunks.reduce((sum, { length }) => sum + length, 0);
    this.position += 1;
    this.appended += rows;
    this.#records.push({ position: this.position, rows, at, chunks });
    return rows;
  }

  /** The first record behind `position`. */
  read(position: number): MemoryRecord | undefined {
    return this.#records[this.#indexBehind(position)];
  }

  /** The place of a consumer; a new one stands before the oldest record that is not settled. */
  join(consumer: string): { position: number; settled: Tally } {
    let place = this.#places.get(consumer);
    if (place === undefined) {
      const [oldest] = this.records;
      place = {
        position: oldest === undefined ? this.position : oldest.position - 1,
        settled: settledBefore(this.appended - rowsOf(this.records)),
      };
      this.#places.set(consumer, place);
    }
    return place;
  }

  has(consumer: string): boolean {
    return this.#places.has(consumer);
  }

  /** @returns rows that are settled now, as every consumer has committed them. */
  commit(consumer: string, position: number, settled: Tally, now: number): number {
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
    return this.#settle(now);
  }

  /** @returns rows that are settled now. */
  retain(consumers: readonly string[], now: number): number {
    for (const consumer of [...this.#places.keys()]) if (!consumers.includes(consumer)) this.#places.delete(consumer);
    return this.#settle(now);
  }

  /** Behind which position a replay begins. @throws {EngineError} `USAGE_INVALID` where that is no longer kept. */
  before(start: ReplayStart): number {
    const [oldest] = this.#records;
    const first = oldest?.position ?? this.position + 1;
    refuseGone(start, { partition: this.#index, first, firstAt: oldest?.at, goneAt: this.#goneAt });
    if ("position" in start) return start.position - 1;
    const found = this.#records.find(({ at }) => at >= start.time);
    return found === undefined ? this.position : found.position - 1;
  }

  /** Moves a consumer back behind `position`, where it stands later. @returns the place it has then, and the rows between. */
  rewind(consumer: string, position: number): { readonly position: number; readonly rows: number } {
    const place = this.join(consumer);
    const rows = rowsOf(this.#within(position, place.position));
    place.position = Math.min(place.position, position);
    place.settled = settledWithout(place.settled, rows);
    return { position: place.position, rows };
  }

  books(): Map<string, ConsumerBooks> {
    const books = new Map<string, ConsumerBooks>();
    for (const [consumer, { position, settled }] of this.#places) {
      const pending = rowsOf(this.#within(position, this.position));
      books.set(consumer, { appended: this.appended, pending, settled });
    }
    return books;
  }

  #settle(now: number): number {
    if (this.#places.size === 0) return 0;
    let committed = Number.POSITIVE_INFINITY;
    for (const { position } of this.#places.values()) committed = Math.min(committed, position);
    const settled = rowsOf(this.#within(this.#settled, committed));
    this.#settled = Math.max(this.#settled, committed);
    this.#retainedRows += settled;
    const { ms, bytesMax } = this.#retention;
    let removed = 0;
    for (const { position, rows, at } of this.#records) {
      const isKept = ms > 0 && at > now - ms && this.#retainedRows * rowBytes <= bytesMax;
      if (position > committed || isKept) break;
      removed += 1;
      this.#retainedRows -= rows;
      this.#goneAt = at;
    }
    this.#records.splice(0, removed);
    return settled;
  }

  /** Records in `(after, upTo]`. */
  #within(after: number, upTo: number): readonly MemoryRecord[] {
    return this.#records.slice(this.#indexBehind(after), Math.max(0, this.#indexBehind(upTo)));
  }

  /** Positions are dense, so the index follows from the first one. */
  #indexBehind(position: number): number {
    return Math.max(0, position + 1 - (this.#records[0]?.position ?? 0));
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
