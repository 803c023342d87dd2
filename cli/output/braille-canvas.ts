/** Bits of the dots of a cell, by row and then column (Unicode, block "Braille Patterns"). */
const dots = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const;
const blankPattern = 0x2800;

/** A drawing of dots, 2 by 4 in each character cell. Each cell knows who drew in it last. */
export class BrailleCanvas {
  readonly columns: number;
  readonly rows: number;
  readonly #patterns: Uint8Array;
  readonly #owners: Uint8Array;

  /** Both in character cells, at least 1. */
  constructor(columns: number, rows: number) {
    this.columns = columns;
    this.rows = rows;
    this.#patterns = new Uint8Array(columns * rows);
    this.#owners = new Uint8Array(columns * rows);
  }

  /** Dots from left to right. */
  get width(): number {
    return this.columns * 2;
  }

  /** Dots from top to bottom. */
  get height(): number {
    return this.rows * 4;
  }

  /** Sets one dot; outside the drawing it does nothing. @param owner From 0 to 254. */
  dot(x: number, y: number, owner: number): void {
    if (!(x >= 0 && x < this.width && y >= 0 && y < this.height)) return;
    const cell = (y >> 2) * this.columns + (x >> 1);
    this.#patterns[cell] = (this.#patterns[cell] ?? 0) | (dots[y & 3]?.[x & 1] ?? 0);
    this.#owners[cell] = owner;
  }

  /** A straight line, both ends included. */
  line(fromX: number, fromY: number, toX: number, toY: number, owner: number): void {
    const steps = Math.max(Math.abs(toX - fromX), Math.abs(toY - fromY), 1);
    for (let step = 0; step <= steps; step += 1) {
      const x = Math.round(fromX + ((toX - fromX) * step) / steps);
      const y = Math.round(fromY + ((toY - fromY) * step) / steps);
      this.dot(x, y, owner);
    }
  }

  /** The character of a cell and who drew in it last; `undefined` where nobody did. */
  cell(column: number, row: number): { readonly glyph: string; readonly owner: number } | undefined {
    const index = row * this.columns + column;
    const pattern = this.#patterns[index] ?? 0;
    if (pattern === 0) return undefined;
    return { glyph: String.fromCharCode(blankPattern + pattern), owner: this.#owners[index] ?? 0 };
  }
}
