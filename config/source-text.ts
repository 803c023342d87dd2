import { LineCounter } from "yaml";

/** A place in a file. Lines and columns from 1; columns count UTF-16 code units. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The column after the last one, where the place ends on its line. */
  readonly endColumn?: number;
  /** The line where it ends, where that is another one. */
  readonly lastLine?: number;
}

/** One line as it may be shown: without what is secret, and the place where that begins. */
export interface Excerpt {
  readonly text: string;
  /** Column of the mask; what follows on the line is not shown. */
  readonly hiddenFrom: number | undefined;
}

/** Whether a key of this name holds a secret, whatever its component declared. */
export function isSecretKey(name: string): boolean {
  return /(?:^|[_-])(?:password|passwd|secret|token|key)$/i.test(name);
}

/** For text that is no YAML: from the value of a secret key to the end of the line. */
const secretValue = /(?:^|[^A-Za-z0-9])(?:password|passwd|secret|token|key)["']?\s*[:=]\s*(?=\S)/i;

const shownMax = 60;

/** A text of the file in quotes, cut where it is long. An unclosed quote may have swallowed a secret: then it is not shown. */
export function shown(text: string): string {
  if (secretValue.test(text)) return "a text that may hold a secret";
  return JSON.stringify(text.length > shownMax ? `${text.slice(0, shownMax)}…` : text);
}

/** The text of one file, with its lines and with the parts that are never shown. */
export class SourceText {
  readonly file: string;
  readonly text: string;
  readonly #lineCounter = new LineCounter();
  readonly #lines: readonly string[];
  /** Line → first column that is not shown. */
  readonly #hidden = new Map<number, number>();

  constructor(file: string, text: string) {
    this.file = file;
    this.text = text;
    this.#lines = text.split(/\r?\n/);
    this.#lineCounter.addNewLine(0);
    for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) this.#lineCounter.addNewLine(at + 1);
  }

  /** The place between two offsets; one that spans lines ends with its first. */
  position(start: number, end: number): Position {
    const { line, col } = this.#lineCounter.linePos(Math.min(start, this.text.length));
    const last = this.#lineCounter.linePos(Math.min(Math.max(start, end - 1), this.text.length));
    const endColumn = last.line === line ? last.col + 1 : Math.max(this.#line(line).length, col) + 1;
    return { file: this.file, line, column: col, endColumn, ...(last.line === line ? {} : { lastLine: last.line }) };
  }

  /** Never show what stands there. */
  hide({ line, column, lastLine = line }: Position): void {
    this.#hideFrom(line, column);
    for (let further = line + 1; further <= lastLine; further += 1) this.#hideFrom(further, 1);
  }

  excerpt(line: number): Excerpt {
    const text = this.#line(line);
    const match = secretValue.exec(text);
    const found = match === null ? Number.POSITIVE_INFINITY : match.index + match[0].length + 1;
    const column = Math.min(found, this.#hidden.get(line) ?? Number.POSITIVE_INFINITY);
    return column > text.length
      ? { text, hiddenFrom: undefined }
      : { text: `${text.slice(0, column - 1)}***`, hiddenFrom: column };
  }

  #hideFrom(line: number, column: number): void {
    this.#hidden.set(line, Math.min(column, this.#hidden.get(line) ?? Number.POSITIVE_INFINITY));
  }

  #line(line: number): string {
    return this.#lines[line - 1] ?? "";
  }
}
