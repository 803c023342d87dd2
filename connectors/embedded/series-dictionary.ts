import assert from "node:assert/strict";
import { renumbered, type Series, seriesOf } from "../../blocks/model/series.ts";
import type { SeriesPlaces } from "../../blocks/model/store.ts";
import { EngineError } from "../../runtime/errors.ts";
import type { KeyValues, Operation } from "./environment.ts";
import { numberKey } from "./ordered-key.ts";

/**
 * A persistent number for each series, by (canonical, type): from 0, in order of first sight, never given up or reused. All of
 * it is in memory, some 40 bytes a series, and 170 where the graph does not know it; at most `seriesMax`.
 *
 * A new number counts at once, and is written with the next transaction that is committed.
 */
export class SeriesDictionary implements SeriesPlaces {
  readonly #table: KeyValues;
  readonly #seriesMax: number;
  /** By number: as it was asked for last, under an index of some table. */
  readonly #series: Series[] = [];
  /** One more than the number: at the hash of a series, or behind it where others are there. Half of it is empty. */
  #byHash = new Uint32Array(1024);
  /** By index: the number of a series that was asked for under it. */
  #askedIds = new Uint32Array(1024);
  readonly #byMetric = new Map<string, number[]>();
  readonly #unobserved = new Set<number>();
  readonly #unsaved = new Set<number>();

  constructor(table: KeyValues, seriesMax: number) {
    this.#table = table;
    this.#seriesMax = seriesMax;
    this.refresh();
  }

  get size(): number {
    return this.#series.length;
  }

  /** The series of a number; its `index` is that number. */
  at(id: number): Series {
    const series = this.#series[id];
    assert(series !== undefined, "a stored series number must be in the dictionary");
    return series.index === id ? series : renumbered(series, id);
  }

  idOf(series: Series): number | undefined {
    const asked = this.#askedIds[series.index] ?? 0;
    if (this.#series[asked] === series) return asked;
    const id = this.#find(series);
    if (id !== undefined) this.#share(series, id);
    return id;
  }

  #find({ hash, type, canonical }: Series): number | undefined {
    for (let at = hash; ; at += 1) {
      const id = (this.#byHash[at & (this.#byHash.length - 1)] as number) - 1;
      if (id < 0) return undefined;
      const known = this.#series[id] as Series;
      if (known.hash === hash && known.type === type && known.canonical === canonical) return id;
    }
  }

  /** Names are in memory once: the dictionary takes over those of whoever asks. */
  #share(series: Series, id: number): void {
    const { index } = series;
    this.#series[id] = series;
    if (index >= this.#askedIds.length) {
      const ids = new Uint32Array(Math.max(index + 1, 2 * this.#askedIds.length));
      ids.set(this.#askedIds);
      this.#askedIds = ids;
    }
    this.#askedIds[index] = id;
  }

  get max(): number {
    return this.#seriesMax;
  }

  take(series: Series): boolean {
    if (this.idOf(series) === undefined && this.size >= this.#seriesMax) return false;
    this.intern(series);
    return true;
  }

  /** @throws {EngineError} `SERIES_LIMIT`. */
  intern(series: Series): number {
    const known = this.idOf(series);
    if (known !== undefined) return known;
    const id = this.#series.length;
    if (id >= this.#seriesMax) {
      throw new EngineError(
        "SERIES_LIMIT",
        `Cannot store the new series "${series.canonical}" as a folder holds at most ${this.#seriesMax} (series_max)`,
      );
    }
    this.#add(series, id);
    this.#share(series, id);
    this.#unobserved.add(id);
    this.#unsaved.add(id);
    return id;
  }

  /** The series has data points, which is what `observed` finds it by. */
  markObserved(id: number): void {
    if (this.#unobserved.delete(id)) this.#unsaved.add(id);
  }

  /** It was deleted as a whole; the number stays its own. */
  markDeleted(id: number): void {
    if (this.#unobserved.has(id)) return;
    this.#unobserved.add(id);
    this.#unsaved.add(id);
  }

  /** Series that have data points, in order of their numbers. */
  *observed(metric: string | undefined): IterableIterator<Series> {
    const ids = metric === undefined ? this.#series.keys() : (this.#byMetric.get(metric) ?? []);
    for (const id of ids) if (!this.#unobserved.has(id)) yield this.at(id);
  }

  /**
   * What has to be written before any row that uses a new number, once, unless that `failed`. In order: of new ones any first part
   * may be written alone.
   */
  takeUnsaved(): { operations: Iterable<Operation>; failed: () => void } {
    const ids = [...this.#unsaved].sort((a, b) => a - b);
    this.#unsaved.clear();
    const failed = () => {
      for (const id of ids) this.#unsaved.add(id);
    };
    return { operations: this.#operations(ids), failed };
  }

  /** Made one by one: there may be hundreds of thousands. */
  *#operations(ids: readonly number[]): IterableIterator<Operation> {
    for (const id of ids) yield this.#operation(id);
  }

  /** Reads what another process has added since. */
  refresh(): void {
    for (const id of this.#unobserved) {
      const entry = this.#table.get(numberKey(id));
      if (entry !== undefined && decodeEntry(entry).observed) this.#unobserved.delete(id);
    }
    for (const { value } of this.#table.getRange({ start: numberKey(this.#series.length) })) {
      const { metric, tags, type, observed } = decodeEntry(value);
      const id = this.#series.length;
      this.#add(seriesOf(metric, new Map(tags), type, id), id);
      if (!observed) this.#unobserved.add(id);
    }
  }

  #add(series: Series, id: number): void {
    this.#series.push(series);
    this.#hashed(id);
    const ofMetric = this.#byMetric.get(series.metric);
    if (ofMetric === undefined) this.#byMetric.set(series.metric, [id]);
    else ofMetric.push(id);
  }

  #hashed(id: number): void {
    if (2 * (id + 1) > this.#byHash.length) {
      this.#byHash = new Uint32Array(2 * this.#byHash.length);
      for (let known = 0; known < id; known += 1) this.#hashed(known);
    }
    const mask = this.#byHash.length - 1;
    let at = (this.#series[id] as Series).hash & mask;
    while (this.#byHash[at] !== 0) at = (at + 1) & mask;
    this.#byHash[at] = id + 1;
  }

  #operation(id: number): Operation {
    const { metric, tagset, type } = this.#series[id] as Series;
    const entry: Entry = { metric, tags: [...tagset], type, observed: !this.#unobserved.has(id) };
    return { table: this.#table, key: numberKey(id), value: Buffer.from(JSON.stringify(entry)) };
  }
}

interface Entry {
  readonly metric: string;
  readonly tags: readonly (readonly [string, string])[];
  readonly type: string;
  readonly observed: boolean;
}

const decodeEntry = (bytes: Buffer) => JSON.parse(bytes.toString("utf8")) as Entry;
