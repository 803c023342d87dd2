import { Tally } from "../../runtime/receipt.ts";
import { decodePlace, decodeTotals, encodePlace, encodeTotals, type Place, settledBefore } from "./buffer-place.ts";
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
  records = 0;
  rows = 0;
  bytes = 0;

  constructor(environment: Environment, index: number) {
    this.index = index;
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

  plan({ records, commits, retained, now }: PartitionChange): PlannedChange {
    const joined = [...this.places.values()].some(({ saved }) => !saved);
    if (records.length + commits.size === 0 && retained === undefined && !joined) return nothing;
    const dropped = [...this.places.values()].filter(({ consumer }) => retained?.has(consumer) === false);
    const kept = [...this.places.values()].filter((place) => !dropped.includes(place));
    const moves = kept.map((place) => this.#move(place, commits.get(place.consumer)));
    const removed = commits.size > 0 || dropped.length > 0 ? this.#removable(moves) : [];
    const appended = this.#append(records, now);
    const changed = moves.filter(({ place, committed }) => committed || !place.saved);
    const operations = [
      ...appended.operations,
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
      for (const record of removed) this.#count(record, -1);
      const gone = removed.at(-1)?.position ?? 0;
      // A consumer may have joined meanwhile, before records that are gone now.
      for (const place of this.places.values()) if (place.position < gone) this.#placeAtOldest(place);
      appended.apply();
    };
    return { operations, apply };
  }

  #move(place: Place, commit: { position: number; settled: Tally } | undefined) {
    if (commit === undefined) return { ...place, place, committed: false, rows: 0 };
    const position = Math.max(place.position, commit.position);
    const settled = new Tally();
    settled.addAll(place.settled);
    settled.addAll(commit.settled);
    let rows = 0;
    for (const record of this.#keys(place.position, position)) rows += record.rows;
    return { place, position, settled, committed: true, rows };
  }

  /** Records that every consumer committed; none while there is no consumer. */
  #removable(moves: readonly { readonly position: number }[]): RecordKey[] {
    return moves.length === 0 ? [] : [...this.#keys(0, Math.min(...moves.map(({ position }) => position)))];
  }

  #append(records: PartitionChange["records"], now: number): PlannedChange {
    if (records.length === 0) return nothing;
    let { position, appended, enteredAt } = this;
    const added: RecordKey[] = [];
    const operations: Operation[] = [];
    for (const { rows, bytes } of records) {
      position += 1;
      appended += rows;
      enteredAt = Math.max(Math.floor(now), enteredAt + 1);
      const key = this.#key(position, rows, bytes.byteLength, enteredAt);
      added.push({ key, position, rows, bytes: bytes.byteLength });
      operations.push({ table: this.#records, key, value: bytes });
    }
    const totals = encodeTotals({ appended, position, enteredAt });
    operations.push({ table: this.#totals, key: numberKey(this.index), value: totals });
    const apply = () => {
      const rows = appended - this.appended;
      this.appended = appended;
      this.position = position;
      this.enteredAt = enteredAt;
      for (const record of added) this.#count(record, 1);
      for (const place of this.places.values()) place.pending += rows;
    };
    return { operations, apply };
  }

  #placeAtOldest(place: Place): void {
    const [oldest] = this.#keys(0, Number.POSITIVE_INFINITY, 1);
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
    if (totals !== undefined) Object.assign(this, decodeTotals(totals));
    for (const { key, value } of this.#places.getRange({
      start: numberKey(this.index),
      end: numberKey(this.index + 1),
    })) {
      const consumer = key.toString("utf8", 4);
      this.places.set(consumer, { consumer, partition: this.index, pending: 0, saved: true, ...decodePlace(value) });
    }
    for (const record of this.#keys(0, Number.POSITIVE_INFINITY)) {
      this.#count(record, 1);
      for (const place of this.places.values()) if (record.position > place.position) place.pending += record.rows;
    }
  }

  /** Records in `(after, upTo]`, at most `limit` of them. */
  *#keys(after: number, upTo: number, limit?: number): IterableIterator<RecordKey> {
    if (upTo <= after) return;
    const end = upTo === Number.POSITIVE_INFINITY ? numberKey(this.index + 1) : this.#key(upTo + 1);
    const range = { start: this.#key(after + 1), end, ...(limit === undefined ? {} : { limit }) };
    for (const key of this.#records.getKeys(range)) {
      yield { key, position: readOrdered(key, 4), rows: key.readUInt32BE(12), bytes: key.readUInt32BE(16) };
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
}
