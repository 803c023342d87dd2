import { Tally } from "../../runtime/receipt.ts";
import type { ReplayStart, Retention } from "../../blocks/model/buffer.ts";
import { refuseGone, settledWithout } from "../../blocks/model/replay-start.ts";
import {
  decodePlace,
  decodeTotals,
  encodePlace,
  encodeTotals,
  type PartitionTotals,
  type Place,
  settledBefore,
} from "./buffer-place.ts";
import type { Environment, KeyValues, Operation } from "./environment.ts";
import { numberKey, readOrdered, writeOrdered } from "./ordered-key.ts";

export interface StoredRecord {
  readonly position: number;
  readonly rows: number;
  readonly bytes: Buffer;
  /** Ms since the epoch, strictly ascending; absent where a version wrote it that did not note it. */
  readonly enteredAt: number | undefined;
}

/** What one transaction does to a partition. */
export interface PartitionChange {
  readonly records: readonly { readonly rows: number; readonly bytes: Uint8Array }[];
  /** By consumer; those without a place are ignored. */
  readonly commits: ReadonlyMap<string, { readonly position: number; readonly settled: Tally }>;
  /** By consumer: a position before its own, to which it goes back. */
  readonly rewinds: ReadonlyMap<string, number>;
  /** Places of other consumers are dropped; undefined: none. */
  readonly retained: ReadonlySet<string> | undefined;
  /** Ms since the epoch; may be set back. */
  readonly now: number;
}

export interface PlannedChange {
  readonly operations: readonly Operation[];
  /** Takes over, once the operations are durable, what they did. */
  readonly apply: () => void;
}

/**
 * The records of one partition, and the place of each consumer among them.
 *
 * The key of a record carries its row and byte counts (partition u32, position as ordered double, rows u32, bytes u32), so that
 * what is pending is counted from the records themselves by walking keys, without touching their pages; and when it was appended
 * (double).
 */
export class BufferPartition {
  readonly index: number;
  readonly #records: KeyValues;
  readonly #places: KeyValues;
  readonly #totals: KeyValues;
  readonly places = new Map<string, Place>();
  /** Rows ever appended. */
  appended = 0;
  /** Position of the last record ever appended. */
  position = 0;
  /** When that record was appended, ms since the epoch; later ones are later, whatever the clock says. */
  enteredAt = 0;
  /** Of the records that were not settled yet. */
  records = 0;
  rows = 0;
  bytes = 0;
  /** Of those that are kept though they are. */
  #retainedBytes = 0;
  /** Every record up to here was committed by every consumer once. */
  #settled = 0;
  #gone: PartitionTotals["gone"];
  readonly #retention: Retention;

  /** @param retention The share of this partition. */
  constructor(environment: Environment, index: number, retention: Retention) {
    this.index = index;
    this.#retention = retention;
    this.#records = environment.table("records");
    this.#places = environment.table("places");
    this.#totals = environment.table("totals");
    this.#load();
  }

  /** The first record behind `position`. */
  read(position: number): StoredRecord | undefined {
    if (position >= this.position) return undefined;
    const range = { start: this.#key(position + 1), end: numberKey(this.index + 1), limit: 1 };
    for (const { key, value } of this.#records.getRange(range)) {
      return { position: readOrdered(key, 4), rows: key.readUInt32BE(12), bytes: value, enteredAt: enteredAtOf(key) };
    }
    return undefined;
  }

  /** The place of a consumer; a new one stands before the oldest record. */
  join(consumer: string): Place {
    let place = this.places.get(consumer);
    if (place === undefined) {
      const partition = this.index;
      place = { consumer, partition, position: 0, pending: 0, settled: new Tally(), saved: false };
      this.#placeAtOldest(place);
      this.places.set(consumer, place);
    }
    return place;
  }

  /**
   * Behind which position a replay begins.
   *
   * @throws {EngineError} `USAGE_INVALID` where that is no longer kept.
   */
  before(start: ReplayStart): number {
    const [oldest] = this.#keys(0, Number.POSITIVE_INFINITY, 1);
    const first = oldest?.position ?? this.position + 1;
    refuseGone(start, { partition: this.index, first, firstAt: oldest?.enteredAt, goneAt: this.#gone?.at });
    if ("position" in start) return start.position - 1;
    for (const { position, enteredAt } of this.#keys(0, Number.POSITIVE_INFINITY)) {
      if (enteredAt !== undefined && enteredAt >= start.time) return position - 1;
    }
    return this.position;
  }

  /** Rows of the records in `(after, upTo]`. */
  rowsWithin(after: number, upTo: number): number {
    let sum = 0;
    for (const { rows } of this.#keys(after, upTo)) sum += rows;
    return sum;
  }

  plan({ records, commits, rewinds, retained, now }: PartitionChange): PlannedChange {
    const joined = [...this.places.values()].some(({ saved }) => !saved);
    if (records.length + commits.size + rewinds.size === 0 && retained === undefined && !joined) return nothing;
    const dropped = [...this.places.values()].filter(({ consumer }) => retained?.has(consumer) === false);
    const kept = [...this.places.values()].filter((place) => !dropped.includes(place));
    const moves = kept.map((place) => this.#move(place, commits.get(place.consumer), rewinds.get(place.consumer)));
    const committed = moves.length === 0 ? 0 : Math.min(...moves.map(({ position }) => position));
    const newlySettled = [...this.#keys(this.#settled, committed)];
    const removed = commits.size > 0 || retained !== undefined ? this.#removable(committed, newlySettled, now) : [];
    const appended = this.#append(records, now);
    const changed = moves.filter(({ place, moved }) => moved || !place.saved);
    const settled = Math.max(this.#settled, committed);
    const last = removed.at(-1);
    const gone = last === undefined ? this.#gone : { position: last.position, at: last.enteredAt ?? 0 };
    const isNoted = this.#retention.ms > 0 && (newlySettled.length > 0 || last !== undefined);
    const operations = [
      ...appended.operations,
      ...(records.length > 0 || isNoted ? [this.#totalsOperation({ ...appended.totals, settled, gone })] : []),
      ...changed.map((move) => ({ table: this.#places, key: this.#placeKey(move.place), value: encodePlace(move) })),
      ...dropped.map((place) => ({ table: this.#places, key: this.#placeKey(place), value: undefined })),
      ...removed.map(({ key }) => ({ table: this.#records, key, value: undefined })),
    ];
    const apply = () => {
      for (const { place, position, settled, rows } of changed) {
        place.pending -= rows;
        Object.assign(place, { position, settled, saved: true });
      }
      for (const { consumer } of dropped) this.places.delete(consumer);
      for (const record of newlySettled) {
        this.#count(record, -1);
        this.#retainedBytes += record.bytes;
      }
      for (const record of removed) this.#retainedBytes -= record.bytes;
      this.#settled = settled;
      this.#gone = gone;
      // A consumer may have joined meanwhile, before records that are gone now.
      for (const place of this.places.values()) if (place.position < (last?.position ?? 0)) this.#placeAtOldest(place);
      appended.apply();
    };
    return { operations, apply };
  }

  #move(place: Place, commit: { position: number; settled: Tally } | undefined, rewind: number | undefined) {
    if (rewind !== undefined && rewind < place.position) {
      const rows = this.rowsWithin(rewind, place.position);
      return { place, position: rewind, settled: settledWithout(place.settled, rows), moved: true, rows: -rows };
    }
    if (commit === undefined) return { ...place, place, moved: false, rows: 0 };
    const position = Math.max(place.position, commit.position);
    const settled = new Tally();
    settled.addAll(place.settled);
    settled.addAll(commit.settled);
    return { place, position, settled, moved: true, rows: this.rowsWithin(place.position, position) };
  }

  /** Of the records that every consumer committed, those that need not be kept; none while there is no consumer. */
  #removable(committed: number, newlySettled: readonly RecordKey[], now: number): RecordKey[] {
    const { ms, bytesMax } = this.#retention;
    const removed: RecordKey[] = [];
    let bytes = newlySettled.reduce((sum, record) => sum + record.bytes, this.#retainedBytes);
    for (const record of this.#keys(0, committed)) {
      if (ms > 0 && bytes <= bytesMax && (record.enteredAt ?? 0) > now - ms) break;
      removed.push(record);
      bytes -= record.bytes;
    }
    return removed;
  }

  #totalsOperation(totals: PartitionTotals): Operation {
    return { table: this.#totals, key: numberKey(this.index), value: encodeTotals(totals) };
  }

  #append(records: PartitionChange["records"], now: number): PlannedChange & { readonly totals: PartitionTotals } {
    let { position, appended, enteredAt } = this;
    const added: RecordKey[] = [];
    const operations: Operation[] = [];
    for (const { rows, bytes } of records) {
      position += 1;
      appended += rows;
      enteredAt = Math.max(Math.floor(now), enteredAt + 1);
      const key = this.#key(position, rows, bytes.byteLength, enteredAt);
      added.push({ key, position, rows, bytes: bytes.byteLength, enteredAt });
      operations.push({ table: this.#records, key, value: bytes });
    }
    const apply = () => {
      const rows = appended - this.appended;
      this.appended = appended;
      this.position = position;
      this.enteredAt = enteredAt;
      for (const record of added) this.#count(record, 1);
      for (const place of this.places.values()) place.pending += rows;
    };
    return { operations, apply, totals: { appended, position, enteredAt } };
  }

  #placeAtOldest(place: Place): void {
    const [oldest] = this.#keys(this.#settled, Number.POSITIVE_INFINITY, 1);
    place.position = oldest === undefined ? this.position : oldest.position - 1;
    place.pending = this.rows;
    place.settled = settledBefore(this.appended - this.rows);
    place.saved = false;
  }

  #count(record: RecordKey, sign: 1 | -1): void {
    this.records += sign;
    this.rows += sign * record.rows;
    this.bytes += sign * record.bytes;
  }

  #load(): void {
    const totals = this.#totals.get(numberKey(this.index));
    if (totals !== undefined) {
      const { settled = 0, gone, ...stored } = decodeTotals(totals);
      Object.assign(this, stored);
      this.#settled = settled;
      this.#gone = gone;
    }
    for (const { key, value } of this.#places.getRange({
      start: numberKey(this.index),
      end: numberKey(this.index + 1),
    })) {
      const consumer = key.toString("utf8", 4);
      this.places.set(consumer, { consumer, partition: this.index, pending: 0, saved: true, ...decodePlace(value) });
    }
    const places = [...this.places.values()];
    if (places.length > 0) this.#settled = Math.max(this.#settled, Math.min(...places.map(({ position }) => position)));
    const [oldest] = this.#keys(0, Number.POSITIVE_INFINITY, 1);
    const first = oldest?.position ?? this.position + 1;
    // Noted only where records are kept: as late as it may have been.
    if (first - 1 !== (this.#gone?.position ?? 0)) {
      this.#gone = { position: first - 1, at: oldest?.enteredAt === undefined ? this.enteredAt : oldest.enteredAt - 1 };
    }
    for (const record of this.#keys(0, Number.POSITIVE_INFINITY)) {
      if (record.position > this.#settled) this.#count(record, 1);
      else this.#retainedBytes += record.bytes;
      for (const place of this.places.values()) if (record.position > place.position) place.pending += record.rows;
    }
  }

  /** Records in `(after, upTo]`, at most `limit` of them. */
  *#keys(after: number, upTo: number, limit?: number): IterableIterator<RecordKey> {
    if (upTo <= after) return;
    const end = upTo === Number.POSITIVE_INFINITY ? numberKey(this.index + 1) : this.#key(upTo + 1);
    const range = { start: this.#key(after + 1), end, ...(limit === undefined ? {} : { limit }) };
    for (const key of this.#records.getKeys(range)) {
      yield {
        key,
        position: readOrdered(key, 4),
        rows: key.readUInt32BE(12),
        bytes: key.readUInt32BE(16),
        enteredAt: enteredAtOf(key),
      };
    }
  }

  #key(position: number, rows = 0, bytes = 0, enteredAt = 0): Buffer {
    const key = Buffer.allocUnsafe(28);
    key.writeUInt32BE(this.index, 0);
    writeOrdered(key, 4, position);
    key.writeUInt32BE(rows, 12);
    key.writeUInt32BE(bytes, 16);
    key.writeDoubleBE(enteredAt, 20);
    return key;
  }

  #placeKey({ consumer }: Place): Buffer {
    return Buffer.concat([numberKey(this.index), Buffer.from(consumer)]);
  }
}

const enteredAtOf = (key: Buffer) => (key.byteLength < 28 ? undefined : key.readDoubleBE(20));

const nothing: PlannedChange = { operations: [], apply: () => {} };

interface RecordKey {
  readonly key: Buffer;
  readonly position: number;
  readonly rows: number;
  readonly bytes: number;
  readonly enteredAt: number | undefined;
}
