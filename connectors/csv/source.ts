import { ChunkBuilder, chunkRowsMax } from "../../blocks/model/chunk-builder.ts";
import { type ComponentContext, defineSource, type SourceElement } from "../../blocks/model/component.ts";
import { type DeadLetter, DeadLetterChunk } from "../../blocks/model/dead-letter.ts";
import type { MessageFault } from "../../blocks/model/message-series.ts";
import { EngineError } from "../../runtime/errors.ts";
import { Receipt } from "../../runtime/receipt.ts";
import { Source } from "../../runtime/streams/source.ts";
import { RowPlan } from "./row-plan.ts";
import { type CsvRow, CsvRows } from "./rows.ts";
import { type CsvSettings, csvSettings } from "./settings.ts";
import { timeColumn } from "./time-column.ts";

/**
 * The rows of a file with a header, once.
 *
 * Emits:         chunks of up to 8,192 rows of the file, fewer where no more is there yet; then the dead letters among them.
 * Backpressures: reads only when asked, and no further ahead than one read of the disk.
 * Completes:     at the end of the file.
 * Cancels:       closes the file.
 * State:         one read of the disk, and one row of at most `row_max`.
 * Delivery:      a run begins at the start of the file, so whatever failed comes again, and repeats are harmless. Standard input
 *                can be read only once.
 */
async function open(given: CsvSettings, context: ComponentContext): Promise<Source<SourceElement, unknown>> {
  const readTime = await timeColumn(given.time_format, given.timezone);
  const start = async () => {
    const rows = await CsvRows.open(given.path, given.delimiter, given.row_max);
    try {
      return { rows, plan: new RowPlan(await headerOf(rows, given.path), given, readTime) };
    } catch (error) {
      rows.close();
      throw error;
    }
  };
  // A file that does not fit the settings is a fault of `open`; a second run of the stream opens it anew.
  let ready: Opened | undefined = await start();
  return Source.from({
    [Symbol.asyncIterator]: () => {
      const opened = ready === undefined ? start() : Promise.resolve(ready);
      ready = undefined;
      return new CsvRun(opened, given, context);
    },
  });
}

interface Opened {
  readonly rows: CsvRows;
  readonly plan: RowPlan;
}

/** One reading of the file. */
class CsvRun implements AsyncIterator<SourceElement, undefined> {
  readonly #opened: Promise<Opened>;
  readonly #given: CsvSettings;
  readonly #context: ComponentContext;
  readonly #builder: ChunkBuilder;
  /** Made but not asked for yet. */
  readonly #elements: SourceElement[] = [];
  #failure: Error | undefined;
  #ended = false;

  constructor(opened: Promise<Opened>, given: CsvSettings, context: ComponentContext) {
    this.#opened = opened;
    // A failure to open is heard at the first element.
    opened.catch(() => {});
    this.#given = given;
    this.#context = context;
    this.#builder = new ChunkBuilder(context.table, chunkRowsMax);
  }

  async next(): Promise<IteratorResult<SourceElement, undefined>> {
    const { rows, plan } = await this.#opened;
    try {
      while (this.#elements.length === 0) {
        if (this.#failure !== undefined) throw this.#failure;
        const read = await rows.read(chunkRowsMax);
        if (read === undefined) return await this.return();
        this.#add(read, plan);
      }
    } catch (error) {
      rows.close();
      throw error;
    }
    const value = this.#elements.shift();
    return value === undefined ? this.return() : { done: false, value };
  }

  /** Not a generator: one that waits for its next element cannot be ended before that comes. */
  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#ended = true;
    (await this.#opened).rows.close();
    return { done: true, value: undefined };
  }

  #add(rows: readonly CsvRow[], plan: RowPlan): void {
    const letters: DeadLetter[] = [];
    for (const row of rows) {
      const fault: MessageFault | undefined =
        row.fault === undefined
          ? plan.add(row.cells, this.#builder)
          : { path: "", code: "MESSAGE_INVALID", reason: row.fault };
      if (fault !== undefined) letters.push(this.#letter(row, fault));
    }
    if (this.#builder.rows > 0) this.#elements.push(...this.#builder.build(this.#receipt(this.#builder.rows)));
    if (letters.length > 0) {
      const receipt = this.#receipt(letters.length);
      for (const { code } of letters) receipt.deadLettered(code, 1);
      this.#elements.push(new DeadLetterChunk(letters, receipt));
    }
  }

  #letter(row: CsvRow, fault: MessageFault): DeadLetter {
    const { node, clock } = this.#context;
    return {
      node,
      code: fault.code,
      reason: fault.reason,
      where: { file: this.#given.path, line: row.line, node },
      payload: rawRow(row.cells, this.#given.delimiter),
      at: clock.now(),
    };
  }

  #receipt(rows: number): Receipt {
    return new Receipt(
      rows,
      () => {},
      (error) => {
        this.#failure ??= error;
        // Nobody asks for a next element any more, so the failure cannot travel with the stream.
        if (this.#ended) this.#context.log.error(`Cannot store all of "${this.#given.path}": ${error.message}`);
      },
    );
  }
}

async function headerOf(rows: CsvRows, path: string): Promise<readonly string[]> {
  const header = (await rows.read(1))?.[0];
  if (header !== undefined && header.fault === undefined) return header.cells;
  const found = header?.fault ?? "it is empty";
  throw new EngineError("PATH_UNREADABLE", `Cannot read "${path}" as its first row must be a header: ${found}`);
}

/** The row as a CSV file would have it. */
function rawRow(cells: readonly string[], delimiter: string): string {
  const quoted = (cell: string) =>
    cell.includes('"') || cell.includes("\n") || cell.includes("\r") || cell.includes(delimiter)
      ? `"${cell.replaceAll('"', '""')}"`
      : cell;
  return cells.map(quoted).join(delimiter);
}

export const csvSource = defineSource({
  type: "file/csv",
  summary: "Reads the rows of a CSV file with a header, once.",
  delivery: "at-least-once",
  finite: () => true,
  settings: csvSettings,
  open,
});
