import type { Column, Points } from "../model/columns.ts";
import type { Series } from "../model/series.ts";
import type { ObservationsWrite } from "../model/store.ts";
import type { GroupedRows } from "./group-by-series.ts";
import { pointsOf } from "./merge-points.ts";

/** Observations of one group; the views are made for a store that asks for them. */
export class GroupWrite implements ObservationsWrite {
  readonly series: Series;
  readonly revision: number | undefined;
  readonly #time: Float64Array;
  readonly #values: Column;
  readonly #from: number;
  readonly #to: number;

  constructor(series: Series, groups: GroupedRows, place: number, revision: number | undefined) {
    this.series = series;
    this.revision = revision;
    this.#time = groups.time;
    this.#values = groups.values;
    this.#from = groups.from[place] as number;
    this.#to = groups.to[place] as number;
  }

  get points(): Points {
    return pointsOf({ time: this.#time, values: this.#values, from: this.#from, to: this.#to });
  }
}
