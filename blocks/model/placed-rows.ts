import type { Clock } from "../../runtime/clock/clock.ts";
import type { ObservationChunk } from "./observation-chunk.ts";
import type { SeriesPlaces } from "./store.ts";
import { noLetters, type PartedRows, payloadOf, withoutRows } from "./sound-rows.ts";

/**
 * Parts the rows whose series have a place in a store or a buffer from those that came when it was full: without this, one series too
 * many would fail the write of all others.
 *
 * A series is asked for once a run, so a row costs a look into a column. Memory: a byte for each series of the graph.
 */
export class PlacedRows {
  readonly #places: SeriesPlaces | undefined;
  readonly #node: string;
  readonly #holder: string;
  /** By index of the series: 1 where it has its place. */
  #placed: Uint8Array = new Uint8Array(0);

  /** @param places Absent: any number of series is held. @param holder Of the places, with its article. */
  constructor(places: SeriesPlaces | undefined, node: string, holder = "the store") {
    this.#places = places;
    this.#node = node;
    this.#holder = holder;
  }

  /** Whether all rows are known to have a place. */
  hasAll({ series, length }: ObservationChunk): boolean {
    return this.#places === undefined || areAllPlaced(series, length, this.#placed);
  }

  /**
   * @param clock For the time of the letters; not read where there are none.
   * @returns `chunk` itself where all its series have a place, as good as always.
   */
  part(chunk: ObservationChunk, clock: Clock): PartedRows {
    const places = this.#places;
    const { table, series, length } = chunk;
    if (places === undefined) return { sound: chunk, letters: noLetters };
    if (this.#placed.length < table.size) {
      const longer = new Uint8Array(2 * table.size);
      longer.set(this.#placed);
      this.#placed = longer;
    }
    const placed = this.#placed;
    if (areAllPlaced(series, length, placed)) return { sound: chunk, letters: noLetters };
    let without: Set<number> | undefined;
    for (let row = 0; row < length; row += 1) {
      const index = series[row] as number;
      if (placed[index] === 1) continue;
      if (places.take(table.at(index))) placed[index] = 1;
      else {
        without ??= new Set();
        without.add(row);
      }
    }
    if (without === undefined) return { sound: chunk, letters: noLetters };
    const at = clock.now();
    const letters = Array.from(without, (row) => {
      const { canonical } = table.at(series[row] as number);
      const reason = `Cannot record a data point of the new series "${canonical}" as ${this.#holder} holds at most ${places.max} (series_max)`;
      return {
        ...{ node: this.#node, code: "SERIES_LIMIT" as const, reason, where: {} },
        ...{ payload: payloadOf(chunk, row), at },
      };
    });
    return { sound: withoutRows(chunk, without), letters };
  }
}

/** Paid for every row there is. */
function areAllPlaced(series: Uint32Array, length: number, placed: Uint8Array): boolean {
  let all = 1;
  for (let row = 0; row < length; row += 1) all &= placed[series[row] as number] as number;
  return all === 1;
}
