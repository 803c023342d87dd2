import type { Series } from "../../blocks/model/series.ts";
import type { SeriesRange } from "../../blocks/model/store.ts";
import { noRows, type Rows } from "../../blocks/model/rows/rows.ts";
import { type PeriodLevels, rawLevel } from "./period-levels.ts";
import type { SeriesDictionary } from "./series-dictionary.ts";
import type { Range } from "./track.ts";

/** What one write changes in one track. */
export interface TrackChange {
  readonly id: number;
  readonly level: number;
  readonly ranges: Range[];
  rows: Rows;
}

/** Deletes and writes of one write, put together by track. As many as the write has entries. */
export class TrackChanges {
  readonly #dictionary: SeriesDictionary;
  readonly #levels: PeriodLevels;
  readonly #changes = new Map<string, TrackChange>();

  constructor(dictionary: SeriesDictionary, levels: PeriodLevels) {
    this.#dictionary = dictionary;
    this.#levels = levels;
  }

  /** @param period Absent: the observations. */
  remove({ series, from, to }: SeriesRange, period: string | undefined): void {
    const id = this.#dictionary.idOf(series);
    const level = period === undefined ? rawLevel : this.#levels.levelOf(period);
    // What was never stored needs no deletion.
    if (id !== undefined && level !== undefined) this.#of(id, level).ranges.push({ from, to });
  }

  put(series: Series, period: string | undefined, rows: Rows): void {
    const level = period === undefined ? rawLevel : this.#levels.intern(period);
    this.#of(this.#dictionary.intern(series), level).rows = rows;
  }

  all(): IterableIterator<TrackChange> {
    return this.#changes.values();
  }

  #of(id: number, level: number): TrackChange {
    const key = `${id}/${level}`;
    let change = this.#changes.get(key);
    if (change === undefined) {
      change = { id, level, ranges: [], rows: noRows };
      this.#changes.set(key, change);
    }
    return change;
  }
}
