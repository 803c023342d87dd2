import type { ChunkBuilder } from "../../blocks/model/chunk-builder.ts";
import { type MessageFault, seriesOfMessage } from "../../blocks/model/message-series.ts";
import { shown, ValueFault } from "../../blocks/model/value.ts";
import { didYouMean } from "../../config/suggestion.ts";
import { EngineError } from "../../runtime/errors.ts";
import { type CellReader, cellReader } from "./cell-value.ts";
import type { CsvSettings } from "./settings.ts";
import type { TimeReader } from "./time-pattern.ts";

/** One column of values. */
interface ValueColumn {
  readonly index: number;
  readonly name: string;
  readonly metric: string;
  readonly type: string;
  readonly tagset: Readonly<Record<string, string>>;
  readonly read: CellReader;
}

/** Which cell of a row is what, after the header of a file and the settings. */
export class RowPlan {
  readonly #width: number;
  readonly #time: number;
  readonly #readTime: TimeReader;
  readonly #tags: readonly { readonly index: number; readonly name: string }[];
  readonly #values: readonly ValueColumn[];

  /** @throws {EngineError} `SETTING_INVALID` when the header has no such column, or a name twice. */
  constructor(header: readonly string[], given: CsvSettings, readTime: TimeReader) {
    const columns = columnsOf(header, given.path);
    const indexOf = (name: string, key: string) => {
      const index = columns.get(name);
      if (index !== undefined) return index;
      const sentence = `Cannot read "${given.path}" as ${key} names a column that its header must have: it is "${name}"`;
      throw fault(sentence + didYouMean(name, columns.keys()), given.path);
    };
    this.#width = header.length;
    this.#time = indexOf(given.time_column, "time_column");
    this.#readTime = readTime;
    this.#tags = given.tag_columns.map((name) => ({ name, index: indexOf(name, "tag_columns") }));
    const others = [...columns.keys()].filter(
      (name) => name !== given.time_column && !given.tag_columns.includes(name),
    );
    this.#values = namedValues(given.value_columns ?? others).map(([name, own]) => {
      const type = own.type ?? given.value_type;
      const read = cellReader(type);
      if (read === undefined) throw fault(`Cannot read column "${name}" as there is no type "${type}"`, given.path);
      return {
        index: indexOf(name, "value_columns"),
        name,
        metric: (given.metric_prefix ?? "") + (own.metric ?? name),
        type,
        tagset: { ...given.tagset, ...own.tagset },
        read,
      };
    });
  }

  /** Adds the values of a row, all or none. An empty cell is no value. */
  add(cells: readonly string[], into: ChunkBuilder): MessageFault | undefined {
    if (cells.length !== this.#width) {
      const reason = `Cannot read the row as it must have ${this.#width} cells: it has ${cells.length}`;
      return { path: "", code: "MESSAGE_INVALID", reason };
    }
    const timeCell = cells[this.#time] ?? "";
    const timeMs = this.#readTime(timeCell);
    if (Number.isNaN(timeMs)) {
      const reason = `Cannot read the time as it must be as time_format says, year 1 to 9999: it is ${shown(timeCell)}`;
      return { path: "", code: "TIMESTAMP_INVALID", reason };
    }
    into.begin();
    for (const column of this.#values) {
      const cell = cells[column.index] ?? "";
      if (cell.trim() === "") continue;
      const fault = this.#addValue(column, cell, timeMs, cells, into);
      if (fault === undefined) continue;
      into.rollback();
      return { ...fault, path: column.name };
    }
    return undefined;
  }

  #addValue(
    column: ValueColumn,
    cell: string,
    timeMs: number,
    cells: readonly string[],
    into: ChunkBuilder,
  ): MessageFault | undefined {
    const value = column.read(cell);
    if (value instanceof ValueFault) {
      return { path: "", code: "VALUE_INVALID", reason: `${value.reason}, in column "${column.name}"` };
    }
    const series = seriesOfMessage(into.table, column.metric, this.#tagset(column, cells), column.type);
    if ("code" in series) return series;
    into.add(series, timeMs, value);
    return undefined;
  }

  /** The tags of the cells come over those of the settings. */
  #tagset(column: ValueColumn, cells: readonly string[]): Readonly<Record<string, string>> {
    if (this.#tags.length === 0) return column.tagset;
    const tagset: Record<string, string> = { ...column.tagset };
    for (const { index, name } of this.#tags) {
      const cell = cells[index];
      if (cell !== undefined && cell !== "") tagset[name] = cell;
    }
    return tagset;
  }
}

function columnsOf(header: readonly string[], path: string): Map<string, number> {
  const columns = new Map<string, number>();
  header.forEach((cell, index) => {
    const name = cell.trim();
    if (columns.has(name)) {
      throw fault(`Cannot read "${path}" as each column needs a name of its own: there are two "${name}"`, path);
    }
    columns.set(name, index);
  });
  return columns;
}

type OwnSettings = {
  readonly metric?: string | undefined;
  readonly type?: string | undefined;
  readonly tagset?: object;
};

function namedValues(given: readonly string[] | Readonly<Record<string, OwnSettings>>): [string, OwnSettings][] {
  return Array.isArray(given) ? given.map((name) => [name, {}]) : Object.entries(given as Record<string, OwnSettings>);
}

function fault(sentence: string, file: string): EngineError {
  return new EngineError("SETTING_INVALID", sentence, { where: { file, line: 1 } });
}
