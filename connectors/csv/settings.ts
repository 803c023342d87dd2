import { z } from "zod";
import { builtInTypes } from "../../blocks/model/data-type.ts";
import {
  byteSize,
  choice,
  dictionary,
  list,
  path,
  record,
  type SettingsOf,
  tagset,
  text,
} from "../../config/declare.ts";

const valueColumn = record({
  metric: text("Metric of the column; its name unless told.", { optional: true }),
  type: choice("Type of the values of the column.", builtInTypes, { optional: true }),
  tagset: tagset("Tags of the values of the column."),
});

export const csvSettings = record({
  path: path("The file; `.gz` is inflated, `-` is standard input."),
  delimiter: text("What stands between cells.", { default: ",", lengthMax: 8 }),
  encoding: choice("How text is stored; a byte order mark is skipped.", ["utf8"], { default: "utf8" }),
  time_column: text("Column of the timestamps."),
  time_format: text(
    "`iso8601`, `epoch_s`, `epoch_ms`, or a pattern of `yyyy MM dd HH mm ss SSS`, with other letters in single quotes.",
    { default: "iso8601" },
  ),
  timezone: text(
    "Zone of times that say none, such as `Europe/Brussels`. A time skipped in spring counts as much later as was skipped; of a" +
      " time that comes twice in autumn, the first is taken.",
    { default: "UTC" },
  ),
  tag_columns: list("Columns whose cells become tags; an empty cell is no tag.", text("Name of a column."), {
    default: [],
  }),
  value_columns: z
    .union([
      list("Names.", text("Name of a column."), { min: 1 }),
      dictionary("What to make of each column.", valueColumn),
    ])
    .optional()
    .meta({
      description:
        "Columns of values: a list of names, or by name their metric, type and tagset; all others unless told.",
    }),
  metric_prefix: text("Begins the name of every metric.", { optional: true }),
  value_type: choice("Type of the values of a column that says none.", builtInTypes, { default: "tdouble" }),
  tagset: tagset(),
  row_max: byteSize("Longest row. A longer one ends the file with an error, as where it ends cannot be known.", {
    default: "1 MiB",
  }),
});

export type CsvSettings = SettingsOf<typeof csvSettings>;
