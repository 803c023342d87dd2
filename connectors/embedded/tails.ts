/** The last chunk of a track, as it is once all that is planned is committed. */
export class Tail {
  /** Start of the chunk and time of its last row; infinite where there is none. */
  start = Number.POSITIVE_INFINITY;
  lastTime = Number.NEGATIVE_INFINITY;
  /** Its rows, and what each carries. */
  count = 0;
  stride = 0;
  hasBlobs = false;
  /** Its size. */
  bytes = 0;
  key: Buffer | undefined;
  /** Memory of its own for the chunk, and whether that stands at the start of it: not where nothing will be appended. */
  memory: Uint8Array | undefined;
  held = false;
  /** Otherwise it is looked for, as soon as what is planned of its track is committed. */
  known = true;
  /** The last transaction that changes the track, the one before that, and the last write. */
  plannedBy = 0;
  plannedBefore = 0;
  write = 0;

  get chunk(): Uint8Array | undefined {
    return this.held ? this.memory : undefined;
  }

  /** As new, but for the memory. */
  reset(): this {
    this.start = Number.POSITIVE_INFINITY;
    this.lastTime = Number.NEGATIVE_INFINITY;
    this.count = 0;
    this.stride = 0;
    this.hasBlobs = false;
    this.bytes = 0;
    this.key = undefined;
    this.held = false;
    this.known = true;
    this.plannedBy = 0;
    this.plannedBefore = 0;
    this.write = 0;
    return this;
  }

  /** It is `chunk`, of which it keeps a copy where others may be appended to it. */
  hold(chunk: Uint8Array, keeping: boolean): void {
    this.bytes = chunk.byteLength;
    this.held = keeping;
    if (!keeping) return;
    if (this.memory === undefined || this.memory.byteLength < chunk.byteLength) this.memory = roomFor(chunk);
    this.memory.set(chunk);
  }
}

/** A track cannot be planned on before what is on its way to the disk has got there. */
export class NotCommittedYet extends Error {}

/** What an entry takes besides its chunk, roughly. */
const entryBytes = 700;

/**
 * The last chunk of each track that was written or asked for lately, so that an append neither looks for it nor reads it. Only for
 * the owner of the folder: nobody else writes.
 *
 * Transactions are numbered, and committed one after the other; the next is planned, on what this one will leave behind, while
 * this one is on its way. Bounded by `bytesMax`, besides tails that are planned: those not used for as long as it takes to fill
 * a third of it with others are forgotten. Others are made of them, as objects that live for seconds are dear to collect.
 */
export class Tails {
  readonly #bytesMax: number;
  /** Used since the last turn-over, and before it; by level, then series. */
  #recent: Map<number, Tail>[] = [];
  #older: Map<number, Tail>[] = [];
  #recentBytes = 0;
  /** Forgotten ones. */
  #spare: Tail[] = [];
  /** The transaction that is planned, and the last one that is committed. */
  #planning = 1;
  #committed = 0;
  /** The write that is planned, and what it has changed so far. */
  #write = 1;
  readonly #changed: Tail[] = [];

  constructor(bytesMax = 64 * 1024 * 1024) {
    this.#bytesMax = bytesMax;
  }

  /**
   * The tail that the write at hand goes on from, found by `find` where it is not remembered.
   *
   * @throws {NotCommittedYet}
   */
  get(series: number, level: number, find: () => Tail): Tail {
    const tail = this.#recent[level]?.get(series) ?? this.#takeOlder(series, level);
    if (tail?.known === true) return tail;
    if (tail !== undefined && this.isPlanned(tail)) throw new NotCommittedYet();
    return this.#keep(series, level, find());
  }

  /** One that says that there is nothing. */
  blank(): Tail {
    return this.#spare.pop()?.reset() ?? new Tail();
  }

  /** As it is committed; undefined where a change of the track is on its way. */
  committed(series: number, level: number, find: () => Tail): Tail | undefined {
    const tail = this.#recent[level]?.get(series) ?? this.#older[level]?.get(series);
    return tail !== undefined && this.isPlanned(tail) ? undefined : this.get(series, level, find);
  }

  /** Whether a change of its track is on its way: what is stored is older than the tail. */
  isPlanned(tail: Tail): boolean {
    return tail.plannedBy > this.#committed;
  }

  /** A write begins: what it plans can be rolled back until the next one does. */
  begin(): void {
    this.#write += 1;
    this.#changed.length = 0;
  }

  /** Drops what the write at hand has planned. */
  rollback(): void {
    for (const tail of this.#changed) {
      // Where others have planned for it as well, it is looked for behind them.
      tail.known = false;
      tail.plannedBy = tail.plannedBefore;
    }
    this.begin();
  }

  /** The write at hand changes the track; who says so makes of the tail what it will be. */
  plan(tail: Tail): void {
    if (tail.write === this.#write) return;
    tail.write = this.#write;
    tail.plannedBefore = tail.plannedBy;
    tail.plannedBy = this.#planning;
    this.#changed.push(tail);
  }

  /** The tail will be `chunk`, of which it keeps a copy where others may be appended to it. */
  hold(tail: Tail, chunk: Uint8Array, keeping: boolean): void {
    const before = bytesOf(tail);
    tail.hold(chunk, keeping);
    const after = bytesOf(tail);
    if (after !== before) this.#count(after - before);
  }

  /** The write at hand takes rows from the track: what its tail will be is looked for once that is committed. */
  planUnknown(series: number, level: number): void {
    const tail = this.get(series, level, () => this.blank());
    this.plan(tail);
    tail.known = false;
  }

  /** The write at hand deletes the series. */
  planUnknownSeries(series: number): void {
    const levels = Math.max(this.#recent.length, this.#older.length);
    for (let level = 0; level < levels; level += 1) this.planUnknown(series, level);
  }

  /** What was planned so far is on its way, as one transaction. */
  submitted(): void {
    this.#planning += 1;
  }

  /** It is durable. */
  settled(): void {
    this.#committed += 1;
  }

  /** Nobody can tell what it left behind, so all that it changes, or what was planned since, is looked for again. */
  failed(): void {
    for (const tails of [...this.#recent, ...this.#older]) {
      for (const tail of tails.values()) if (this.isPlanned(tail)) tail.known = false;
    }
    this.#committed = this.#planning;
    this.#planning += 1;
  }

  #takeOlder(series: number, level: number): Tail | undefined {
    const older = this.#older[level];
    const tail = older?.get(series);
    if (older === undefined || tail === undefined) return undefined;
    older.delete(series);
    return this.#keep(series, level, tail);
  }

  #keep(series: number, level: number, tail: Tail): Tail {
    while (this.#recent.length <= level) this.#recent.push(new Map());
    const tails = this.#recent[level] as Map<number, Tail>;
    const before = tails.get(series);
    tails.set(series, tail);
    this.#count(bytesOf(tail) - (before === undefined ? 0 : bytesOf(before)));
    return tail;
  }

  #count(bytes: number): void {
    this.#recentBytes += bytes;
    if (3 * this.#recentBytes <= this.#bytesMax) return;
    const dropped = this.#older;
    this.#older = this.#recent;
    this.#spare = [];
    this.#recent = dropped.map((tails) => this.#planned(tails));
    this.#recentBytes = 0;
  }

  /**
   * Those that are planned are the only word of what is on its way. They do not count: there may be more of them than is
   * remembered. The others are spare.
   */
  #planned(tails: ReadonlyMap<number, Tail>): Map<number, Tail> {
    const planned = new Map<number, Tail>();
    for (const [series, tail] of tails) {
      if (this.isPlanned(tail)) planned.set(series, tail);
      else this.#spare.push(tail);
    }
    return planned;
  }
}

const bytesOf = (tail: Tail) => entryBytes + (tail.memory?.byteLength ?? 0);

/** It grows by doubling. */
function roomFor(chunk: Uint8Array): Uint8Array {
  const bytes = Math.max(128, 2 ** Math.ceil(Math.log2(chunk.byteLength)));
  return new Uint8Array(Buffer.allocUnsafeSlow(bytes).buffer);
}
