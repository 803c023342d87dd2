/** A record whose time lies further ahead than this has a wrong clock behind it; Kafka 4 refuses it unless told otherwise. */
const aheadMaxMs = 3_600_000;
/** Between records that came at once. Exact in binary at any date, and room for some writes of each record, in whole µs. */
const stepMs = 1 / 64;

/**
 * When the records of one partition entered, for `Receipt.enteredAt`: the time of the record, but later than that of the record
 * before it. Times of records may go back, as producers and brokers have clocks of their own; offsets do not. Whoever begins with
 * what was noted at the offset where it begins comes to the same moments.
 */
export class EntryClock {
  #last: number;

  /** @param last That of the record before the first; 0 where nothing is known of it. */
  constructor(last = 0) {
    this.#last = last;
  }

  /** That of the last record. */
  get last(): number {
    return this.#last;
  }

  /** @returns ms since the epoch, in 64ths of one. */
  next(timestamp: number, now: number): number {
    const told = timestamp <= now + aheadMaxMs ? timestamp : 0;
    this.#last = Math.max(told, this.#last + stepMs);
    return this.#last;
  }
}
