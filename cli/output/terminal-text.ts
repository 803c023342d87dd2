/** The text without what would move a cursor or change a colour: control characters stand as escapes, such as `\u001b`. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, (control) => {
    const known = shortEscapes.get(control);
    return known ?? `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

/** Columns that a terminal gives to the text, which is printable: two for East Asian wide characters, none for marks. */
export function columnsOf(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let columns = 0;
  for (const character of text) columns += /\p{M}|\u200d/u.test(character) ? 0 : wide.test(character) ? 2 : 1;
  return columns;
}

/** The text within so many columns, at least 1, its end cut off and marked where it is longer. */
export function shortened(text: string, columnsMax: number): string {
  if (columnsOf(text) <= columnsMax) return text;
  let kept = "";
  let columns = 1;
  for (const character of text) {
    columns += columnsOf(character);
    if (columns > columnsMax) break;
    kept += character;
  }
  return `${kept}…`;
}

/** Fills up with spaces, on the left or the right. */
export function padded(text: string, columns: number, side: "left" | "right"): string {
  const spaces = " ".repeat(Math.max(0, columns - columnsOf(text)));
  return side === "left" ? spaces + text : text + spaces;
}

/** Wraps the text in an ANSI style where colour is allowed. @param code Of "select graphic rendition" (ECMA-48, 8.3.117). */
export function styled(text: string, code: number, color: boolean): string {
  return color ? `\u001b[${code}m${text}\u001b[0m` : text;
}

const shortEscapes = new Map([
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
]);
const wide =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\uff01-\uff60]/u;
