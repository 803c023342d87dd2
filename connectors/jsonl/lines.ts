import { Buffer, isUtf8 } from "node:buffer";
import type { ErrorCode } from "../../runtime/errors.ts";

/** One line of a file, without its end. */
export interface Line {
  /** From 1. */
  readonly number: number;
  readonly text: string;
  /** Why `text` cannot be used; it then holds the first characters only. */
  readonly fault?: { readonly code: ErrorCode; readonly reason: string };
}

const notUtf8 = { code: "MESSAGE_INVALID", reason: "Cannot read the line as it must be UTF-8" } as const;

/** Bytes of a line that cannot be used which are kept to show what it was. */
const excerptBytes = 1_024;

/**
 * Splits bytes into lines at "\n"; a "\r" before it belongs to the end. A byte order mark at the start is skipped. Blank lines
 * are counted and left out. Each element holds the lines that one piece of input completed, so nothing is held back.
 *
 * Holds at most one line of `lineBytesMax` bytes; what is longer comes out as a line with a fault, and the next one is good again.
 */
export async function* linesOf(input: AsyncIterable<Buffer>, lineBytesMax: number): AsyncGenerator<Line[]> {
  const open = new OpenLine(lineBytesMax);
  for await (const piece of input) {
    const lines: Line[] = [];
    let start = 0;
    for (let end = piece.indexOf(10); end !== -1; end = piece.indexOf(10, start)) {
      open.add(piece.subarray(start, end));
      open.finish(lines);
      start = end + 1;
    }
    open.add(piece.subarray(start));
    if (lines.length > 0) yield lines;
  }
  const last: Line[] = [];
  open.finish(last);
  if (last.length > 0) yield last;
}

/** The line whose end has not been seen yet. */
class OpenLine {
  readonly #bytesMax: number;
  #number = 1;
  #parts: Buffer[] = [];
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  add(part: Buffer): void {
    if (part.length === 0) return;
    // Beyond the maximum only the length is followed.
    if (this.#bytes <= this.#bytesMax) this.#parts.push(part);
    this.#bytes += part.length;
    if (this.#bytes > this.#bytesMax) this.#parts = [Buffer.from(Buffer.concat(this.#parts).subarray(0, excerptBytes))];
  }

  finish(lines: Line[]): void {
    const number = this.#number++;
    const parts = this.#parts;
    const length = this.#bytes;
    this.#parts = [];
    this.#bytes = 0;
    if (length === 0) return;
    let bytes = parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
    if (number === 1 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) bytes = bytes.subarray(3);
    if (bytes.at(-1) === 13) bytes = bytes.subarray(0, -1);
    if (length > this.#bytesMax) {
      const reason = `Cannot read the line as it must be at most ${this.#bytesMax} bytes long (line_max): it is ${length}`;
      lines.push({ number, text: bytes.toString("utf8"), fault: { code: "SIZE_LIMIT", reason } });
    } else if (!isUtf8(bytes)) {
      const text = bytes.subarray(0, excerptBytes).toString("utf8");
      lines.push({ number, text, fault: notUtf8 });
    } else {
      const text = bytes.toString("utf8");
      if (text.trim() !== "") lines.push({ number, text });
    }
  }
}
