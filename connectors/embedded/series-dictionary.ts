import assert from "node:assert/strict";
import { type Series, SeriesNumbering, seriesOf } from "../../blocks/model/series.ts";
import type { SeriesPlaces } from "../../blocks/model/store.ts";
import { EngineError } from "../../runtime/errors.ts";
import type { KeyValues, Operation } from "./environment.ts";
import { numberKey } from "./ordered-key.ts";

/**
 * A persistent number for each series, by (canonical, type): from 0, in order of first sight, never given up or reused. All of
 * it is in memory, some 500 bytes a series; at most `seriesMax`.
 *
 * A new number counts at once, and is written with the next transaction that is committed.
 */
export class SeriesDictionary implements SeriesPlaces {
  readonly #table: KeyValues;
  readonly #seriesMax: number;
  readonly #ids = new SeriesNumbering();
  /** Who was asked for last under an index of a table, and the number of that series. */
  readonly #asked: (Series | undefined)[] = [];
  readonly #askedIds: number[] = [];
  readonly #byMetric = new Map<string, number[]>();
  readonly #series: Series[] = [];
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
    return series;
  }

  idOf(series: Series): number | undefined {
    const { index, type, canonical } = series;
    // Where series got their numbers in the order of the graph's table, the objects are the same.
    if (this.#series[index] === series) return index;
    if (this.#asked[index] === series) return this.#askedIds[index];
    const id = this.#ids.get(type, canonical);
    if (id !== undefined) this.#share(series, id);
    return id;
  }

  /** Names and tags are in memory once: the dictionary takes over those of whoever asks. */
  #share(series: Series, id: number): void {
    const { index, tagset } = series;
    if (index === id) this.#series[id] = series;
    else {
      if (this.#series[id]?.tagset !== tagset) this.#series[id] = { ...series, index: id };
      for (let at = this.#asked.length; at < index; at += 1) {
        this.#asked.push(undefined);
        this.#askedIds.push(0);
      }
      this.#asked[index] = series;
      this.#askedIds[index] = id;
    }
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

  /** What has to be written before any row that uses a new number, once, unless that `failed`. */
  takeUnsaved(): { operations: Operation[]; failed: () => void } {
    const ids = [...this.#unsaved];
    this.#unsaved.clear();
    const failed = () => {
      for (const id of ids) this.#unsaved.add(id);
    };
    return { operations: ids.map((id) => this.#operation(id)), failed };
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
    this.#ids.set(series.type, series.canonical, id);
    const ofMetric = this.#byMetric.get(series.metric);
    if (ofMetric === undefined) this.#byMetric.set(series.metric, [id]);
    else ofMetric.push(id);
  }

  #operation(id: number): Operation {
    const { metric, tagset, type } = this.at(id);
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
