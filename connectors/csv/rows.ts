import { pipeline, type Readable } from "node:stream";
import { type CsvError, type Parser, parse } from "csv-parse";
import { EngineError } from "../../runtime/errors.ts";
import { openInput, unreadable } from "../../runtime/input-bytes.ts";

/** One row as it stands in the file. */
export interface CsvRow {
  /** Where it starts, from 1. */
  readonly line: number;
  readonly cells: readonly string[];
  /** Why the cells cannot be used. */
  readonly fault?: string;
}

/**
 * Reads the rows of a CSV file as they are asked for (RFC 4180; also any delimiter, any line ending, a byte order mark, and quotes
 * inside cells without quotes). Blank lines are counted and left out. Rows may differ in their number of cells.
 *
 * Holds what one read of the file brought, and at most one row of `rowBytesMax`.
 */
export class CsvRows {
  readonly #path: string;
  readonly #input: Readable;
  readonly #parser: Parser;
  readonly #rowBytesMax: number;
  #line = 1;
  #rowsRead = 0;
  /** A row that the parser gave up on, and how many rows it gave before. */
  #broken: { readonly error: CsvError; readonly after: number } | undefined;
  #wake: (() => void) | undefined;

  /** @throws {EngineError} `PATH_UNREADABLE` */
  static async open(path: string, delimiter: string, rowBytesMax: number): Promise<CsvRows> {
    return new CsvRows(path, await openInput(path), delimiter, rowBytesMax);
  }

  constructor(path: string, input: Readable, delimiter: string, rowBytesMax: number) {
    this.#path = path;
    this.#input = input;
    this.#rowBytesMax = rowBytesMax;
    this.#parser = parse({
      bom: true,
      delimiter,
      relax_column_count: true,
      relax_quotes: true,
      max_record_size: rowBytesMax,
      // An error of the parser would throw away the rows before it that were not read yet.
      skip_records_with_error: true,
      on_skip: (error) => {
        if (error !== undefined) this.#broken ??= { error, after: this.#parser.info.records };
      },
    });
    for (const event of ["readable", "end", "error", "close"]) this.#parser.on(event, () => this.#wake?.());
    // The error itself stays with the parser.
    pipeline(input, this.#parser, () => {});
  }

  /**
   * Waits for one row and takes what is there with it.
   *
   * @returns At least one row, at most `rowsMax`; undefined at the end of the file.
   * @throws {EngineError} `PATH_UNREADABLE` when the file cannot be read further, `SIZE_LIMIT` at a row that is too long: where it
   *   ends cannot be known, so the rest of the file is not read.
   */
  async read(rowsMax: number): Promise<CsvRow[] | undefined> {
    const rows: CsvRow[] = [];
    while (rows.length < rowsMax) {
      if (this.#broken?.after === this.#rowsRead) return this.#brokenRow(rows);
      const cells = this.#parser.read() as string[] | null;
      if (cells !== null) {
        this.#rowsRead += 1;
        const line = this.#line;
        this.#line += linesIn(cells);
        if (cells.length > 1 || cells[0] !== "") rows.push({ line, cells });
      } else if (rows.length > 0) {
        break;
      } else if (this.#parser.errored) {
        throw unreadable(this.#path, this.#parser.errored);
      } else if (this.#parser.readableEnded || this.#parser.destroyed) {
        return undefined;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
    return rows;
  }

  /** The rows before it, then itself if the file ends with it, then nothing. */
  #brokenRow(before: CsvRow[]): CsvRow[] | undefined {
    if (this.#broken?.error.code === "CSV_QUOTE_NOT_CLOSED") {
      this.#broken = undefined;
      return [...before, { line: this.#line, cells: [], fault: "Cannot read the row as its quote is not closed" }];
    }
    if (before.length > 0) return before;
    const sentence = `Cannot read "${this.#path}" further as a row must have at most ${this.#rowBytesMax} bytes (row_max)`;
    throw new EngineError("SIZE_LIMIT", `${sentence}: is a quote not closed at line ${this.#line}?`, {
      where: { file: this.#path, line: this.#line },
    });
  }

  /** Ends a `read` that waits, and closes the file. */
  close(): void {
    this.#input.destroy();
    this.#parser.destroy();
  }
}

/** Lines that a row takes: one, and those inside its quotes. */
function linesIn(cells: readonly string[]): number {
  let lines = 1;
  for (const cell of cells) {
    if (cell.includes("\n") || cell.includes("\r")) lines += cell.split(/\r\n|\r|\n/).length - 1;
  }
  return lines;
}
