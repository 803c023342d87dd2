import type { ErrorCode } from "../runtime/errors.ts";
import type { Position, SourceText } from "./source-text.ts";

/** One fault of a graph file: data, and all it takes to show it. */
export interface Diagnostic {
  readonly severity: "error" | "warning";
  readonly code: ErrorCode;
  /** One sentence. */
  readonly message: string;
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 code units. */
  readonly column: number;
  /** The column after the last one of the place, on the same line. */
  readonly endColumn?: number;
  /** The line, secrets masked, cut to a window around the place where it is long. */
  readonly excerpt: string;
  /** Column of the caret in `excerpt`, from 1, and how many carets. */
  readonly caret: { readonly column: number; readonly length: number };
}

/** Prints diagnostics as a compiler does: the place and the sentence, the line, and carets under the word. */
export function formatDiagnostics(diagnostics: readonly Diagnostic[]): string {
  return diagnostics.map(formatDiagnostic).join("\n");
}

function formatDiagnostic({ severity, code, message, file, line, column, excerpt, caret }: Diagnostic): string {
  const gutter = String(line).padStart(4);
  // Tabs stay tabs, so that the caret stands under the word at every tab width.
  const indent = excerpt.slice(0, caret.column - 1).replace(/[^\t]/g, " ");
  return [
    `${file}:${line}:${column}: ${severity} ${code} ${message}`,
    `${gutter} | ${excerpt}`.trimEnd(),
    `${" ".repeat(gutter.length)} | ${indent}${"^".repeat(caret.length)}`,
  ].join("\n");
}

/** More faults than anyone reads at once; the last one then says how many were left out. */
const diagnosticsMax = 500;
const excerptMax = 160;

/** A fault before it is shown: the excerpt waits until it is known what must not be shown. */
interface Fault {
  readonly severity: Diagnostic["severity"];
  readonly code: ErrorCode;
  readonly at: Position;
  readonly message: string;
}

/** Collects the faults of a graph file and of all it includes. */
export class Diagnostics {
  readonly #sources = new Map<string, SourceText>();
  readonly #faults = new Map<string, Fault>();
  #dropped = 0;
  #errors = 0;

  /** Every file is added before a fault in it; files are reported in this order. */
  addSource(source: SourceText): void {
    this.#sources.set(source.file, source);
  }

  source(file: string): SourceText | undefined {
    return this.#sources.get(file);
  }

  get hasErrors(): boolean {
    return this.#errors > 0;
  }

  error(code: ErrorCode, at: Position, message: string): void {
    this.#errors += 1;
    this.#add({ severity: "error", code, at, message });
  }

  warn(code: ErrorCode, at: Position, message: string): void {
    this.#add({ severity: "warning", code, at, message });
  }

  /** A diagnostic with its excerpt, without collecting it. */
  diagnose({ severity, code, at, message }: Fault): Diagnostic {
    const shown = this.#sources.get(at.file)?.excerpt(at.line) ?? { text: "", hiddenFrom: undefined };
    const hiddenFrom = shown.hiddenFrom ?? Number.POSITIVE_INFINITY;
    const column = Math.min(at.column, hiddenFrom);
    const end = at.column >= hiddenFrom ? hiddenFrom + 3 : Math.min(at.endColumn ?? at.column + 1, hiddenFrom + 3);
    const start = column > excerptMax / 2 && shown.text.length > excerptMax ? column - excerptMax / 2 : 0;
    const excerpt = shown.text.slice(start, start + excerptMax);
    const length = Math.max(1, Math.min(end - column, excerptMax - (column - start) + 1));
    const place = { file: at.file, line: at.line, column: at.column };
    const endColumn = at.endColumn === undefined ? {} : { endColumn: at.endColumn };
    return { severity, code, message, ...place, ...endColumn, excerpt, caret: { column: column - start, length } };
  }

  /** In order of files, lines, columns. */
  sorted(): Diagnostic[] {
    const files = [...this.#sources.keys()];
    const sorted = [...this.#faults.values()].sort(
      ({ at: a }, { at: b }) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column,
    );
    const last = sorted.at(-1);
    if (this.#dropped > 0 && last !== undefined) {
      const message = `Cannot list every fault as a report holds ${diagnosticsMax}: there are ${this.#dropped} more`;
      sorted.push({ ...last, code: "SIZE_LIMIT", message });
    }
    return sorted.map((fault) => this.diagnose(fault));
  }

  #add(fault: Fault): void {
    const key = `${fault.at.file}:${fault.at.line}:${fault.at.column}:${fault.message}`;
    if (this.#faults.has(key)) return;
    if (this.#faults.size < diagnosticsMax) this.#faults.set(key, fault);
    else this.#dropped += 1;
  }
}
