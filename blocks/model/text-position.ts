/** Line and column of a place in a text, from 1; columns count UTF-16 code units. */
export interface TextPosition {
  readonly line: number;
  readonly column: number;
}

/** Turns offsets of one text into positions; cheap as long as the offsets ascend. */
export class PositionFinder {
  readonly #text: string;
  #line = 1;
  #lineStart = 0;

  constructor(text: string) {
    this.#text = text;
  }

  at(offset: number): TextPosition {
    if (offset < this.#lineStart) {
      this.#line = 1;
      this.#lineStart = 0;
    }
    for (;;) {
      const newline = this.#text.indexOf("\n", this.#lineStart);
      if (newline === -1 || newline >= offset) break;
      this.#line += 1;
      this.#lineStart = newline + 1;
    }
    return { line: this.#line, column: offset - this.#lineStart + 1 };
  }
}

/** Offsets at which the elements of an array begin. `json` is valid JSON whose value is an array. */
export function elementOffsets(json: string): number[] {
  const offsets: number[] = [];
  let depth = 0;
  let expected = false;
  for (let at = 0; at < json.length; at++) {
    const unit = json.charCodeAt(at);
    if (unit === 0x20 || unit === 0x0a || unit === 0x0d || unit === 0x09) continue;
    if (expected && unit !== closeBracket) offsets.push(at);
    expected = false;
    if (unit === quote) at = endOfString(json, at);
    else if (unit === openBracket || unit === openBrace) depth += 1;
    else if (unit === closeBracket || unit === closeBrace) depth -= 1;
    expected = depth === 1 && (unit === comma || (unit === openBracket && offsets.length === 0));
  }
  return offsets;
}

/** The index of the closing quote of the text that opens at `start`. */
function endOfString(json: string, start: number): number {
  let at = start + 1;
  while (at < json.length && json.charCodeAt(at) !== quote) at += json.charCodeAt(at) === backslash ? 2 : 1;
  return at;
}

const quote = 0x22;
const comma = 0x2c;
const openBracket = 0x5b;
const backslash = 0x5c;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;
