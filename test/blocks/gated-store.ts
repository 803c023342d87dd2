import type { Store, StoreWrite } from "../../blocks/model/store.ts";
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
