import type { SeriesTable } from "../../blocks/model/series.ts";
import type { SeriesDictionary } from "./series-dictionary.ts";

/**
 * Three look-ups by array instead of by name: a series' index in the graph's table gives its persistent number and its
 * partition, and the number gives the index back. Each series is looked up by name once a run, each way.
 */
export class SeriesRoutes {
  readonly #table: SeriesTable;
  readonly #dictionary: SeriesDictionary;
  readonly #partitions: number;
  /** One more than the value; 0: not looked up yet. */
  #idByIndex = new Uint32Array(1024);
  #indexById = new Uint32Array(1024);
  #partitionByIndex = new Uint16Array(1024);

  constructor(table: SeriesTable, dictionary: SeriesDictionary, partitions: number) {
    this.#table = table;
    this.#dictionary = dictionary;
    this.#partitions = partitions;
  }

  /** @throws {EngineError} `SERIES_LIMIT`. */
  idOf = (index: number): number => {
    const known = this.#idByIndex[index] ?? 0;
    return known > 0 ? known - 1 : this.#learn(index);
  };

  /** Of a series whose number was asked for before. */
  partitionOf(index: number): number {
    return this.#partitionByIndex[index] ?? 0;
  }

  /** @throws {EngineError} `SERIES_LIMIT` when the graph's table is full. */
  indexOf = (id: number): number => {
    const known = this.#indexById[id] ?? 0;
    if (known > 0) return known - 1;
    const { metric, tagset, type } = this.#dictionary.at(id);
    const { index } = this.#table.intern(metric, tagset, type);
    if (id >= this.#indexById.length) this.#indexById = grown(new Uint32Array(2 * id), this.#indexById);
    this.#indexById[id] = index + 1;
    return index;
  };

  #learn(index: number): number {
    const series = this.#table.at(index);
    const id = this.#dictionary.intern(series);
    if (index >= this.#idByIndex.length) {
      this.#idByIndex = grown(new Uint32Array(2 * index), this.#idByIndex);
      this.#partitionByIndex = grown(new Uint16Array(2 * index), this.#partitionByIndex);
    }
    this.#idByIndex[index] = id + 1;
    this.#partitionByIndex[index] = series.hash % this.#partitions;
    return id;
  }
}

function grown<T extends Uint32Array | Uint16Array>(larger: T, column: T): T {
  larger.set(column);
  return larger;
}
