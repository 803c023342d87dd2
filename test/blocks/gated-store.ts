import type { Series } from "../../blocks/model/series.ts";
import type { SeriesPlaces, Store, StoreWrite } from "../../blocks/model/store.ts";
import type { Clock } from "../../runtime/clock/clock.ts";
import { MemoryStore } from "../../connectors/memory/store.ts";

/** A memory store whose writes wait while it is held, or fail while it is broken. */
export class GatedStore implements Store {
  readonly inner = new MemoryStore();
  readonly newest: Store["newest"] = (series) => this.inner.newest(series);
  readonly readObservations: Store["readObservations"] = (ranges) => this.inner.readObservations(ranges);
  readonly readStates: Store["readStates"] = (period, ranges) => this.inner.readStates(period, ranges);
  readonly find: Store["find"] = (filter) => this.inner.find(filter);
  readonly staticTagsets: Store["staticTagsets"] = (metrics) => this.inner.staticTagsets(metrics);
  readonly close: Store["close"] = () => this.inner.close();
  /** Every write that was asked for, in order. */
  readonly writes: StoreWrite[] = [];
  /** What writes fail with. */
  broken: Error | undefined;
  #held: Promise<void> | undefined;
  #open: () => void = () => {};

  /** Writes from here on wait. */
  hold(): void {
    this.#held = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  /** What waits is written, or fails where the store has broken meanwhile. */
  release(): void {
    this.#open();
    this.#held = undefined;
  }

  async write(write: StoreWrite): Promise<void> {
    this.writes.push(write);
    await this.#held;
    if (this.broken !== undefined) throw this.broken;
    await this.inner.write(write);
  }

  /** Rows of observations of each write that has some. */
  get rowsWritten(): number[] {
    return this.writes.flatMap(({ observations }) =>
      observations === undefined ? [] : [observations.reduce((rows, { points }) => rows + points.time.length, 0)],
    );
  }
}

/** One with room for so many series. */
export class SmallStore extends GatedStore {
  readonly places: SeriesPlaces;
  readonly #taken = new Set<string>();

  constructor(max: number) {
    super();
    const taken = this.#taken;
    this.places = {
      max,
      take: ({ canonical }: Series) => taken.has(canonical) || (taken.size < max && taken.add(canonical).size > 0),
    };
  }
}

/**
 * One whose writes count in order, but each only some time after it was asked for; nobody sees them before, and what they were
 * given is looked at no earlier.
 */
export class LateStore extends GatedStore {
  readonly writesInOrder = true;
  clock: Clock;
  readonly #delayMs: () => number;
  readonly #fails: () => boolean;
  #last: Promise<void> = Promise.resolve();
  /** Most writes that were under way at once. */
  underWayMax = 0;
  #underWay = 0;

  /** @param fails Whether a write comes to nothing; those that were asked for after it count all the same. */
  constructor(clock: Clock, delayMs: () => number, fails: () => boolean = () => false) {
    super();
    this.clock = clock;
    this.#delayMs = delayMs;
    this.#fails = fails;
  }

  override async write(write: StoreWrite): Promise<void> {
    this.writes.push(write);
    this.#underWay += 1;
    this.underWayMax = Math.max(this.underWayMax, this.#underWay);
    const { clock } = this;
    const delayMs = this.#delayMs();
    const fails = this.#fails();
    const counted = this.#last
      .then(() => new Promise<void>((resolve) => void clock.after(delayMs, resolve)))
      .then(() => (fails ? Promise.reject(new Error("The disk is full")) : this.inner.write(write)));
    this.#last = counted.catch(() => {});
    await counted.finally(() => {
      this.#underWay -= 1;
    });
  }
}
