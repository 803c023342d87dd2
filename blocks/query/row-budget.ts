import { EngineError } from "../../runtime/errors.ts";

/** Counts the rows of an answer as they are made, so that one that is too long fails before it fills the memory. */
export class RowBudget {
  readonly #rowsMax: number;
  #rows = 0;

  constructor(rowsMax: number) {
    this.#rowsMax = rowsMax;
  }

  /** @throws {EngineError} `SIZE_LIMIT` where all rows taken are more than the maximum. */
  take(rows: number): void {
    this.#rows += rows;
    if (this.#rows <= this.#rowsMax) return;
    const advice = "narrow the range of time or the selector, or take longer buckets";
    throw new EngineError(
      "SIZE_LIMIT",
      `Cannot answer the query as an answer must have at most ${this.#rowsMax} rows: it is longer; ${advice}`,
    );
  }
}
