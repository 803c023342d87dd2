import type { ObservationChunk } from "../../blocks/model/observation-chunk.ts";
import type { Clock } from "../../runtime/clock/clock.ts";

/** Rows of one append to the cluster. */
const appendRowsMax = 4 * 65_536;

interface PendingAppend {
  readonly chunks: readonly ObservationChunk[];
  readonly rows: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Appends one after the other, what came in one turn or meanwhile together. */
export class AppendQueue {
  readonly #clock: Clock;
  readonly #append: (chunks: readonly ObservationChunk[]) => Promise<void>;
  readonly #onFewer: () => void;
  #waiting: PendingAppend[] = [];
  #rows = 0;
  #appending: Promise<void> | undefined;
  #scheduled = false;

  /** @param onFewer Called when rows are appended, or refused. */
  constructor(clock: Clock, append: (chunks: readonly ObservationChunk[]) => Promise<void>, onFewer: () => void) {
    this.#clock = clock;
    this.#append = append;
    this.#onFewer = onFewer;
  }

  /** Rows that wait, or are on their way. */
  get rows(): number {
    return this.#rows;
  }

  /** @returns resolves once they are appended. */
  add(chunks: readonly ObservationChunk[]): Promise<void> {
    const rows = chunks.reduce((sum, { length }) => sum + length, 0);
    this.#rows += rows;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ chunks, rows, resolve, reject });
      this.#schedule();
    });
  }

  /** Appends what waits; never rejects. */
  async drain(): Promise<void> {
    this.#scheduled = false;
    if (this.#appending === undefined && this.#waiting.length > 0) this.#appending = this.#appendAll();
    await this.#appending;
  }

  #schedule(): void {
    if (this.#scheduled || this.#appending !== undefined) return;
    this.#scheduled = true;
    this.#clock.soon(() => {
      if (this.#scheduled) void this.drain();
    });
  }

  async #appendAll(): Promise<void> {
    try {
      while (this.#waiting.length > 0) await this.#appendSome();
    } finally {
      this.#appending = undefined;
    }
  }

  async #appendSome(): Promise<void> {
    const taken = this.#take();
    try {
      await this.#append(taken.flatMap(({ chunks }) => chunks));
      for (const { resolve } of taken) resolve();
    } catch (error) {
      for (const { reject } of taken) reject(error);
    }
    for (const { rows } of taken) this.#rows -= rows;
    this.#onFewer();
  }

  /** All that wait, or as many as make a request of a bounded size; at least one. */
  #take(): PendingAppend[] {
    let rows = 0;
    const end = this.#waiting.findIndex((append) => {
      rows += append.rows;
      return rows > appendRowsMax;
    });
    return this.#waiting.splice(0, end === -1 ? this.#waiting.length : Math.max(1, end));
  }
}
