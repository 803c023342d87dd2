/** A run of offsets that is handed on as one, and settles as one. */
export interface OffsetSpan {
  /** The offset after the last one of the span. */
  readonly end: number;
  readonly rows: number;
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
  #passed: number | undefined;
  #rows = 0;

  /** Rows of spans that are not passed yet. */
  get rows(): number {
    return this.#rows;
  }

  /** What may be committed: every offset below it is settled. Undefined before the first. */
  get passed(): number | undefined {
    return this.#passed;
  }

  /** @param end The offset after the span, greater than that of any span before. */
  add(end: number, rows: number): OffsetSpan {
    const span = { end, rows, settled: false };
    this.#spans.push(span);
    this.#rows += rows;
    return span;
  }

  /** @returns whether more may be committed than before. */
  settle(span: OffsetSpan): boolean {
    span.settled = true;
    const before = this.#first;
    for (let next = this.#spans[this.#first]; next?.settled === true; next = this.#spans[this.#first]) {
      this.#passed = next.end;
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
