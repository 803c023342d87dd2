import type { types } from "cassandra-driver";
import type { Series, SeriesTable } from "../../blocks/model/series.ts";
import { mapCell, textCell } from "./cell.ts";

/** The cells `metric`, `tagset` and `type`, with which every partition of a series begins. */
export type SeriesKey = readonly [metric: Buffer, tagset: Buffer, type: Buffer];

const keys = new WeakMap<Series, SeriesKey>();

export function keyOf(series: Series): SeriesKey {
  let key = keys.get(series);
  if (key === undefined) {
    key = [textCell(series.metric), mapCell(series.tagset), textCell(series.type)];
    keys.set(series, key);
  }
  return key;
}

/** The series of a row that has these columns. */
export function seriesOf(row: types.Row, table: SeriesTable): Series {
  return table.intern(row.metric as string, row.tagset as Map<string, string>, row.type as string);
}
