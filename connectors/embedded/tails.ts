/** The last chunk of a track. */
export interface Tail {
  readonly start: number;
  /** As it is stored, aligned to 8 bytes; never written again. */
  readonly chunk: Uint8Array;
  /** Its rows, at least one. */
  readonly count: number;
  /** Time of the last of them. */
  readonly lastTime: number;
}

/** What an entry takes besides its chunk, roughly. */
const entryBytes = 256;

/**
 * The last chunk of each track that was written or asked for lately, as it is committed, so that an append neither looks for it
 * nor reads it. Only for the owner of the folder: nobody else writes.
 *
 * What a transaction plans counts once it is `committed`; until then, and after `failed`, what was committed before does.
 * Bounded by `bytesMax`: those not used for as long as it takes to fill half of it with others are forgotten.
 */
export class Tails {
  readonly #bytesMax: number;
  /** Used since the last turn-over, and before it. `undefined` is known to have no chunk. */
  #recent = new Map<number, Tail | undefined>();
  #older = new Map<number, Tail | undefined>();
  #recentBytes = 0;
  /** `undefined` is looked for again. */
  readonly #planned = new Map<number, Tail | undefined>();
  #plannedSinceBegin: number[] = [];

  constructor(bytesMax = 64 * 1024 * 1024) {
    this.#bytesMax = bytesMax;
  }

  /** The tail of a track, found by `find` where it is not known. */
  get(series: number, level: number, find: () => Tail | undefined): Tail | undefined {
    const key = series * levels + level;
    const recent = this.#recent.get(key);
    if (recent !== undefined || this.#recent.has(key)) return recent;
    const tail = this.#older.has(key) ? this.#older.get(key) : find();
    this.#keep(key, tail);
    return tail;
  }

  /** What is planned from here on can be rolled back, until the next `begin`. */
  begin(): void {
    this.#plannedSinceBegin = [];
  }

  /** Drops what was planned since `begin`, as it will not be committed. */
  rollback(): void {
    for (const key of this.#plannedSinceBegin) this.#planned.delete(key);
  }

  /** What the tail will be; at most once a transaction and track. */
  plan(series: number, level: number, tail: Tail): void {
    this.#plan(series * levels + level, tail);
  }

  /** Rows are deleted from the track: what its tail will be is looked for once it is committed. */
  planUnknown(series: number, level: number): void {
    this.#plan(series * levels + level, undefined);
  }

  /** The series is deleted. Seldom: it looks at everything that is remembered. */
  planUnknownSeries(series: number): void {
    for (const key of [...this.#recent.keys(), ...this.#older.keys()]) {
      if (Math.floor(key / levels) === series) this.#plan(key, undefined);
    }
  }

  committed(): void {
    for (const [key, tail] of this.#planned) {
      if (tail === undefined) this.#forget(key);
      else this.#keep(key, tail);
    }
    this.#planned.clear();
  }

  /** Nobody can tell what a commit that failed left behind, so all that it concerned is looked for again. */
  failed(): void {
    for (const key of this.#planned.keys()) this.#forget(key);
    this.#planned.clear();
  }

  #plan(key: number, tail: Tail | undefined): void {
    this.#planned.set(key, tail);
    this.#plannedSinceBegin.push(key);
  }

  #forget(key: number): void {
    this.#recentBytes -= bytesOf(this.#recent, key);
    this.#recent.delete(key);
    this.#older.delete(key);
  }

  #keep(key: number, tail: Tail | undefined): void {
    this.#recentBytes += entryBytes + (tail?.chunk.byteLength ?? 0) - bytesOf(this.#recent, key);
    this.#recent.set(key, tail);
    if (2 * this.#recentBytes <= this.#bytesMax) return;
    this.#older = this.#recent;
    this.#recent = new Map();
    this.#recentBytes = 0;
  }
}

function bytesOf(tails: ReadonlyMap<number, Tail | undefined>, key: number): number {
  const known = tails.get(key);
  if (known !== undefined) return entryBytes + known.chunk.byteLength;
  return tails.has(key) ? entryBytes : 0;
}

/** A level is a u16 in keys. */
const levels = 0x1_0000;
