/** A run of offsets that is handed on as one, and settles as one. */
export interface OffsetSpan {
  /** The offset after the last one of the span. */
  readonly end: number;
  readonly rows: number;
  /** Entry of its last record, ms since the epoch. */
  readonly entered: number;
  /** Committed beside `end`. */
  readonly note: string;
  settled: boolean;
}

/**
 * Which offsets of one partition are settled, in whatever order that happens.
 *
 * Holds one entry for each span that is handed on and not passed; who adds bounds `rows`.
 */
export class OffsetTracker {
  readonly #spans: OffsetSpan[] = [];
  #first = 0;
  #passed: OffsetSpan | undefined;
  #rows = 0;

  /** Rows of spans that are not passed yet. */
  get rows(): number {
    return this.#rows;
  }

  /** The last span before which everything is settled: its end may be committed. Undefined before the first. */
  get passed(): OffsetSpan | undefined {
    return this.#passed;
  }

  /** @param end The offset after the span, greater than that of any span before. */
  add(end: number, rows: number, entered = 0, note = ""): OffsetSpan {
    const span = { end, rows, entered, note, settled: false };
    this.#spans.push(span);
    this.#rows += rows;
    return span;
  }

  /** @returns whether more may be committed than before. */
  settle(span: OffsetSpan): boolean {
    span.settled = true;
    const before = this.#first;
    for (let next = this.#spans[this.#first]; next?.settled === true; next = this.#spans[this.#first]) {
      this.#passed = next;
      this.#rows -= next.rows;
      this.#first += 1;
    }
    const moved = this.#first > before;
    if (this.#first > 1_024 && this.#first * 2 > this.#spans.length) {
      this.#spans.splice(0, this.#first);
      this.#first = 0;
    }
    return moved;
  }
}
