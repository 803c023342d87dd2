import assert from "node:assert/strict";

/**
 * What became of the rows under a receipt. The books balance when
 * `entered + added = durable + sum(filtered) + sum(deadLettered)`.
 */
export class Tally {
  /** Rows that the source handed in. */
  entered = 0;
  /** Rows that stages made from them: copies for further branches, derived observations. */
  added = 0;
  /** Rows at rest in a store, a buffer or a sink. */
  durable = 0;
  // Made on first use: most receipts need neither, and there is one for each message.
  #filtered: Map<string, number> | undefined;
  #deadLettered: Map<string, number> | undefined;

  /** Rows dropped on purpose, by reason. */
  get filtered(): Map<string, number> {
    this.#filtered ??= new Map();
    return this.#filtered;
  }

  /** Rows given to the dead letters, by reason. */
  get deadLettered(): Map<string, number> {
    this.#deadLettered ??= new Map();
    return this.#deadLettered;
  }

  addAll(other: Tally): void {
    this.entered += other.entered;
    this.added += other.added;
    this.durable += other.durable;
    for (const [reason, rows] of other.#filtered ?? []) increase(this.filtered, reason, rows);
    for (const [reason, rows] of other.#deadLettered ?? []) increase(this.deadLettered, reason, rows);
  }

  get balanced(): boolean {
    return this.entered + this.added === this.durable + total(this.#filtered) + total(this.#deadLettered);
  }
}

/**
 * Follows what a source handed in until all that was made from it is at rest, dropped on purpose, or dead-lettered.
 *
 * It is born with one holder. A stage that passes what it got to one place hands on its hold; one that splits calls `hold` for
 * every further place; one that merges or coalesces keeps several. Whoever has a hold releases it exactly once, after having
 * said what became of the rows. At the last release `onSettled` is called with the tally; a failure calls `onFailed` once, at
 * once, and then nothing else happens: the source redelivers.
 */
export class Receipt {
  readonly #entered: number;
  #durable = 0;
  /** What else became of the rows. */
  #others: Tally | undefined;
  #holders = 1;
  #failed = false;
  readonly #onSettled: (tally: Tally) => void;
  readonly #onFailed: (error: Error) => void;
  /**
   * The source's sender repeats what was refused, so a full buffer refuses it at once. Where it does not, the rows wait, and
   * the source with them.
   */
  readonly redelivers: boolean;
  /**
   * When the rows entered the buffer or topic they were read from: ms since the epoch, in 64ths at the finest, strictly ascending
   * from record to record of a lane, and never earlier for whoever reads a record later. What is made from the rows is as of then.
   * Absent where nothing keeps it.
   */
  readonly enteredAt: number | undefined;
  /** Stands for the partition that the rows were read from: entries of two lanes say nothing about each other. */
  readonly lane: object | undefined;

  /** @param options Those of the receipt that it stands for, where it stands for one. */
  constructor(
    rows: number,
    onSettled: (tally: Tally) => void,
    onFailed: (error: Error) => void,
    { redelivers = false, enteredAt, lane }: ReceiptOptions = {},
  ) {
    this.#entered = rows;
    this.#onSettled = onSettled;
    this.#onFailed = onFailed;
    this.redelivers = redelivers;
    this.enteredAt = enteredAt;
    this.lane = lane;
  }

  /** One hold that stands for a hold on each of `receipts`, which the caller has and hands over. Counts no rows. */
  static joined(receipts: readonly Receipt[]): Receipt {
    return new Receipt(
      0,
      () => {
        for (const receipt of receipts) receipt.release();
      },
      (error) => {
        for (const receipt of receipts) receipt.fail(error);
      },
    );
  }

  /** What became of the rows so far. Made anew: receipts wait in great numbers, and most say one thing of their rows. */
  get tally(): Tally {
    const tally = new Tally();
    if (this.#others !== undefined) tally.addAll(this.#others);
    tally.entered = this.#entered;
    tally.durable += this.#durable;
    return tally;
  }

  /** One more holder, or `more` of them. */
  hold(more = 1): void {
    assert(this.#holders > 0, "a settled receipt cannot be held");
    this.#holders += more;
  }

  /** Rows were copied to a further branch, or derived: they must be accounted for too. */
  added(rows: number): void {
    this.#more.added += rows;
  }

  durable(rows: number): void {
    this.#durable += rows;
  }

  filtered(reason: string, rows: number): void {
    if (rows > 0) increase(this.#more.filtered, reason, rows);
  }

  deadLettered(reason: string, rows: number): void {
    if (rows > 0) increase(this.#more.deadLettered, reason, rows);
  }

  /** What became of rows of this receipt that were under another one. */
  account(tally: Tally): void {
    this.#more.addAll(tally);
  }

  /** Gives up one hold. */
  release(): void {
    assert(this.#holders > 0, "a receipt was released more often than held");
    this.#holders -= 1;
    if (this.#holders === 0 && !this.#failed) this.#onSettled(this.tally);
  }

  /** What was made from it cannot be brought to rest; the source has to hand it in again. Also gives up the caller's hold. */
  fail(error: Error): void {
    if (!this.#failed) {
      this.#failed = true;
      this.#onFailed(error);
    }
    this.release();
  }

  get #more(): Tally {
    this.#others ??= new Tally();
    return this.#others;
  }
}

export interface ReceiptOptions {
  readonly redelivers?: boolean;
  readonly enteredAt?: number | undefined;
  readonly lane?: object | undefined;
}

function increase(counts: Map<string, number>, reason: string, rows: number): void {
  counts.set(reason, (counts.get(reason) ?? 0) + rows);
}

function total(counts: Map<string, number> | undefined): number {
  let sum = 0;
  for (const rows of counts?.values() ?? []) sum += rows;
  return sum;
}
