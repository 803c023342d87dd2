/** A record whose time lies further ahead than this has a wrong clock behind it; Kafka 4 refuses it unless told otherwise. */
const aheadMaxMs = 3_600_000;
/** Between records that came at once. Exact in binary at any date, and room for some writes of each record, in whole µs. */
const stepMs = 1 / 64;

/**
 * When the records of one partition entered, for `Receipt.enteredAt`: the time of the record, but later than that of the record
 * before it. Times of records may go back, as producers and brokers have clocks of their own; offsets do not. Whoever begins with
 * what was noted beside the offset where it begins comes to the same moments, or to later ones.
 */
export class EntryClock {
  #last: number;
  readonly #begun: number;

  /**
   * @param last That of the record before the first; 0 where nothing is known of it.
   * @param begun When the partition was begun with.
   */
  constructor(last: number, begun: number) {
    this.#last = last;
    this.#begun = begun;
  }

  /**
   * @param isAppendTime The broker set the time of the record when it came. Otherwise its producer said when, which may be long ago.
   * @returns ms since the epoch, in 64ths of one.
   */
  next(timestamp: number, isAppendTime: boolean, now: number): number {
    let told = timestamp <= now + aheadMaxMs ? timestamp : 0;
    if (!isAppendTime && this.#last === 0) told = Math.max(told, this.#begun);
    this.#last = Math.max(told, this.#last + stepMs);
    return this.#last;
  }

  /** Records to come entered after this moment. */
  moveTo(moment: number): void {
    this.#last = Math.max(this.#last, moment);
  }
}
