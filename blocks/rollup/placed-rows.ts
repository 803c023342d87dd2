import type { ObservationChunk } from "../model/observation-chunk.ts";
import type { SeriesPlaces } from "../model/store.ts";
import { grown } from "./grown.ts";
import { noLetters, type PartedRows, payloadOf, withoutRows } from "./sound-rows.ts";

/**
 * Parts the rows whose series have a place in the store from those that came when it was full: without this, one series too many
 * would fail the write of all others.
 *
 * A series is asked for once a run, so a row costs a look into a column. Memory: a byte for each series of the graph.
 */
export class PlacedRows {
  readonly #places: SeriesPlaces | undefined;
  readonly #node: string;
  /** By index of the series: 1 where it has its place. */
  #placed: Uint8Array = new Uint8Array(0);

  /** @param places Absent: the store holds any number of series. */
  constructor(places: SeriesPlaces | undefined, node: string) {
    this.#places = places;
    this.#node = node;
  }

  /**
   * @param at The time of the letters, ms since the epoch.
   * @returns `chunk` itself where all its series have a place, as good as always.
   */
  part(chunk: ObservationChunk, at: number): PartedRows {
    const places = this.#places;
    const { table, series, length } = chunk;
    if (places === undefined) return { sound: chunk, letters: noLetters };
    if (this.#placed.length < table.size) this.#placed = grown(this.#placed, 2 * table.size);
    const placed = this.#placed;
    const without = new Set<number>();
    for (let row = 0; row < length; row += 1) {
      const index = series[row] as number;
      if (placed[index] === 1) continue;
      if (places.take(table.at(index))) placed[index] = 1;
      else without.add(row);
    }
    if (without.size === 0) return { sound: chunk, letters: noLetters };
    const letters = Array.from(without, (row) => {
      const { canonical } = table.at(series[row] as number);
      const reason = `Cannot record a data point of the new series "${canonical}" as the store holds at most ${places.max} (series_max)`;
      return {
        ...{ node: this.#node, code: "SERIES_LIMIT" as const, reason, where: {} },
        ...{ payload: payloadOf(chunk, row), at },
      };
    });
    return { sound: withoutRows(chunk, without), letters };
  }
}
