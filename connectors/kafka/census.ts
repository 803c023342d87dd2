/** Some consecutive records. */
export interface Extent {
  readonly records: number;
  readonly rows: number;
  readonly bytes: number;
}

/** A place, and what of the known lies before it. */
interface Mark {
  readonly position: number;
  records: number;
  rows: number;
  bytes: number;
}

/** Records of one partition whose size is remembered; those beyond count as the average. */
const rememberedMax = 65_536;
/** Of these, records that are settled and kept. */
export const keptMax = 32_768;

/**
 * How much lies in one partition of a topic, from where each consumer stands to the end. Offsets say how many records; the rows and
 * bytes of those that this engine appended or read are known, and the others, which other engines appended, count as the average.
 */
export class Census {
  /** The oldest offset. */
  low = 0;
  /** The offset after the newest record, as far as it is known. */
  high = 0;
  readonly #sizes = new Map<number, { rows: number; bytes: number }>();
  readonly #all = { records: 0, rows: 0, bytes: 0 };
  /** By consumer: where it stands, and what of the known lies before it. */
  readonly #marks = new Map<string, Mark>();
  /** Where those stood that read again what is before. */
  readonly #reached = new Map<string, Mark>();
  /** What the average is taken from. */
  readonly #seen = { records: 0, rows: 0, bytes: 0 };

  /** The record at an offset has this size. */
  learn(offset: number, rows: number, bytes: number): void {
    this.high = Math.max(this.high, offset + 1);
    this.#seen.records += 1;
    this.#seen.rows += rows;
    this.#seen.bytes += bytes;
    const known = this.#sizes.get(offset);
    if (offset < this.low || (known === undefined && this.#sizes.size >= rememberedMax)) return;
    const change = {
      records: known === undefined ? 1 : 0,
      rows: rows - (known?.rows ?? 0),
      bytes: bytes - (known?.bytes ?? 0),
    };
    this.#sizes.set(offset, { rows, bytes });
    this.#change(offset, change);
  }

  /** What records have come to so far, for the average. */
  get seen(): Extent {
    return { ...this.#seen };
  }

  /** Who saw nothing yet goes by the average of others. */
  believe(seen: Extent): void {
    if (this.#seen.records === 0) add(this.#seen, seen);
  }

  /** So many records from an offset on have this size together, as far as they are there. */
  suppose(offset: number, { records, rows, bytes }: Extent): void {
    const count = Math.min(records, rememberedMax, this.high - offset);
    for (let place = 0; place < count; place += 1) {
      const part = (sum: number) => Math.floor((sum * (place + 1)) / records) - Math.floor((sum * place) / records);
      if (!this.#sizes.has(offset + place)) this.learn(offset + place, part(rows), part(bytes));
    }
  }

  /**
   * A consumer stands at an offset.
   *
   * @param reached Where it once stood, if it reads again what is before.
   */
  move(consumer: string, position: number, reached = position): void {
    const mark = this.#markAt(consumer, position);
    if (reached <= position) this.#reached.delete(consumer);
    else if (this.#reached.get(consumer)?.position !== reached) {
      this.#reached.set(consumer, this.#markAt(consumer, reached));
    }
    this.#marks.set(consumer, mark);
  }

  #markAt(consumer: string, position: number): Mark {
    const mark = { position, records: 0, rows: 0, bytes: 0 };
    const before = this.#marks.get(consumer);
    const from = before !== undefined && before.position <= position ? before : undefined;
    if (from !== undefined) add(mark, from);
    // Whichever is less to look at.
    const first = from?.position ?? this.low;
    if (position - first <= this.#sizes.size) {
      for (let offset = first; offset < position; offset += 1) this.#count(offset, mark);
    } else for (const offset of this.#sizes.keys()) if (offset >= first && offset < position) this.#count(offset, mark);
    return mark;
  }

  forget(consumer: string): void {
    this.#marks.delete(consumer);
    this.#reached.delete(consumer);
  }

  /** Where a consumer stands; undefined for one that was never seen here. */
  positionOf(consumer: string): number | undefined {
    return this.#marks.get(consumer)?.position;
  }

  /** What every consumer has behind it, or had: the oldest offset where there is none. */
  get settled(): number {
    const reached = [...this.#marks.keys()].map((consumer) => this.#furthest(consumer)?.position ?? 0);
    return reached.length === 0 ? this.low : Math.max(this.low, Math.min(...reached));
  }

  /** The same without what one of them reads again. */
  get passed(): number {
    return Math.min(this.settled, ...[...this.#marks.values()].map(({ position }) => position));
  }

  #furthest(consumer: string): Mark | undefined {
    return this.#reached.get(consumer) ?? this.#marks.get(consumer);
  }

  /** The offset from which on what is settled has so many bytes at most; records of unknown size count as the average. */
  settledWithin(bytesMax: number): number {
    const average = this.#seen.records === 0 ? 1 : this.#seen.bytes / this.#seen.records;
    let offset = this.settled;
    for (let bytes = 0; ; offset -= 1) {
      const size = this.#sizes.get(offset - 1);
      if (size === undefined) return Math.max(0, offset - Math.floor((bytesMax - bytes) / average));
      bytes += size.bytes;
      if (bytes > bytesMax) return offset;
    }
  }

  /** Forgets the sizes of records before an offset, which all consumers have passed. */
  drop(before: number): void {
    for (const [offset, { rows, bytes }] of this.#sizes) {
      if (offset >= before) continue;
      this.#sizes.delete(offset);
      this.#change(offset, { records: -1, rows: -rows, bytes: -bytes });
    }
    this.low = Math.max(this.low, before);
  }

  /** What will lie before a consumer when it stands at an offset. */
  aheadFrom(consumer: string, position: number): Extent {
    return this.#aheadOf(this.#markAt(consumer, position));
  }

  /** What lies before a consumer; from the oldest record on where none is named. */
  ahead(consumer?: string): Extent {
    return this.#aheadOf(consumer === undefined ? undefined : this.#marks.get(consumer));
  }

  /** Rows that a consumer had settled and reads again. */
  rowsAgain(consumer: string): number {
    const reached = this.#reached.get(consumer);
    return reached === undefined ? 0 : this.ahead(consumer).rows - this.#aheadOf(reached).rows;
  }

  #aheadOf(mark: Mark | undefined): Extent {
    const records = Math.max(0, this.high - (mark?.position ?? this.low));
    const known = this.#all.records - (mark?.records ?? 0);
    const others = Math.max(0, records - known);
    const average = (sum: number) => (this.#seen.records === 0 ? others : (others * sum) / this.#seen.records);
    return {
      records,
      rows: Math.round(this.#all.rows - (mark?.rows ?? 0) + average(this.#seen.rows)),
      bytes: Math.round(this.#all.bytes - (mark?.bytes ?? 0) + average(this.#seen.bytes)),
    };
  }

  /** What lies before the slowest consumer, and was never settled. */
  get depth(): Extent {
    let deepest = this.#marks.size === 0 ? this.ahead() : { records: 0, rows: 0, bytes: 0 };
    for (const consumer of this.#marks.keys()) {
      const extent = this.#aheadOf(this.#furthest(consumer));
      if (extent.records > deepest.records) deepest = extent;
    }
    return deepest;
  }

  #change(offset: number, change: Extent): void {
    add(this.#all, change);
    for (const marks of [this.#marks, this.#reached]) {
      for (const mark of marks.values()) if (offset < mark.position) add(mark, change);
    }
  }

  #count(offset: number, mark: { records: number; rows: number; bytes: number }): void {
    const size = this.#sizes.get(offset);
    if (size !== undefined) add(mark, { records: 1, ...size });
  }
}

function add(sum: { records: number; rows: number; bytes: number }, more: Extent): void {
  sum.records += more.records;
  sum.rows += more.rows;
  sum.bytes += more.bytes;
}
