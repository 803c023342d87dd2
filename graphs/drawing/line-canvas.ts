/** Bits of a cell: to which sides a line leaves it. */
const up = 1;
const right = 2;
const down = 4;
const left = 8;

/** The character of each set of sides. */
const glyphs = [" ", "│", "─", "└", "│", "│", "┌", "├", "─", "┘", "─", "┴", "┐", "┤", "┬", "┼"];

/** A grid of characters in which lines that meet are joined. Grows as it is drawn in. */
export class LineCanvas {
  readonly #text: string[][] = [];
  readonly #sides: number[][] = [];

  /** Characters, each one column wide; they stand above any line. */
  write(x: number, y: number, text: string): void {
    const row = this.#rowOf(this.#text, y);
    for (const [index, character] of [...text].entries()) row[x + index] = character;
  }

  /** Both ends included; open at both. */
  horizontal(fromX: number, toX: number, y: number): void {
    for (let x = Math.min(fromX, toX); x <= Math.max(fromX, toX); x += 1) {
      if (x > Math.min(fromX, toX)) this.#add(x, y, left);
      if (x < Math.max(fromX, toX)) this.#add(x, y, right);
    }
  }

  vertical(x: number, fromY: number, toY: number): void {
    for (let y = Math.min(fromY, toY); y <= Math.max(fromY, toY); y += 1) {
      if (y > Math.min(fromY, toY)) this.#add(x, y, up);
      if (y < Math.max(fromY, toY)) this.#add(x, y, down);
    }
  }

  /** Lines without spaces at their ends. */
  lines(): string[] {
    return Array.from({ length: Math.max(this.#text.length, this.#sides.length) }, (_, y) => {
      const text = this.#text[y] ?? [];
      const sides = this.#sides[y] ?? [];
      let line = "";
      for (let x = 0; x < Math.max(text.length, sides.length); x += 1) line += text[x] ?? glyphs[sides[x] ?? 0] ?? " ";
      return line.trimEnd();
    });
  }

  #add(x: number, y: number, side: number): void {
    const row = this.#rowOf(this.#sides, y);
    row[x] = (row[x] ?? 0) | side;
  }

  #rowOf<T>(rows: T[][], y: number): T[] {
    rows[y] ??= [];
    return rows[y];
  }
}
