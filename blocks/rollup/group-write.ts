import type { Points } from "../model/columns.ts";
import type { Series } from "../model/series.ts";
import type { ObservationsWrite } from "../model/store.ts";
import type { GroupedRows } from "./group-by-series.ts";

/** Observations of one group; the views are made for a store that asks for them. */
export class GroupWrite implements ObservationsWrite {
  readonly series: Series;
  readonly revision: number | undefined;
  readonly #groups: GroupedRows;
  readonly #place: number;

  constructor(series: Series, groups: GroupedRows, place: number, revision: number | undefined) {
    this.series = series;
    this.revision = revision;
    this.#groups = groups;
    this.#place = place;
  }

  get points(): Points {
    return this.#groups.points(this.#place);
  }
}
