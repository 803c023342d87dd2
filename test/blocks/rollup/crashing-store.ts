import type { Store, StoreWrite } from "../../../blocks/model/store.ts";
import type { Loss } from "./rollup-case.ts";

/** A store whose writes can be held up, or lost in part, as a crash would. */
export class CrashingStore implements Store {
  readonly newest: Store["newest"];
  readonly readObservations: Store["readObservations"];
  readonly readStates: Store["readStates"];
  readonly find: Store["find"];
  readonly staticTagsets: Store["staticTagsets"];
  readonly stateRevisions?: NonNullable<Store["stateRevisions"]>;
  readonly close: Store["close"];
  readonly #inner: Store;
  #loses: Loss = "nothing";
  #gate = Promise.resolve();
  #open: () => void = () => {};

  constructor(inner: Store) {
    this.#inner = inner;
    this.newest = (series) => inner.newest(series);
    this.readObservations = (ranges) => inner.readObservations(ranges);
    this.readStates = (period, ranges) => inner.readStates(period, ranges);
    this.find = (filter) => inner.find(filter);
    const { stateRevisions } = inner;
    if (stateRevisions !== undefined) {
      this.stateRevisions = (period, ranges) => stateRevisions.call(inner, period, ranges);
    }
    this.staticTagsets = (metrics) => inner.staticTagsets(metrics);
    this.close = () => inner.close();
  }

  begin({ loses, holdsRaw }: { loses: Loss; holdsRaw: boolean }): void {
    this.#loses = loses;
    if (holdsRaw) {
      this.#gate = new Promise((resolve) => {
        this.#open = resolve;
      });
    }
  }

  releaseRaw(): void {
    this.#open();
  }

  async write(write: StoreWrite): Promise<void> {
    const kept = what(write, this.#loses);
    if (write.observations !== undefined) await this.#gate;
    await this.#inner.write(kept);
  }
}

function what({ deletes = {}, observations, states }: StoreWrite, loses: Loss): StoreWrite {
  const { observations: points = [], states: buckets = [], series = [] } = deletes;
  if (loses === "every other entry") {
    return {
      deletes: { observations: everyOther(points), states: everyOther(buckets), series: everyOther(series) },
      observations: everyOther(observations ?? []),
      states: everyOther(states ?? []),
    };
  }
  return {
    deletes: {
      observations: loses === "raw" || loses === "everything" ? [] : points,
      states: loses === "states" || loses === "everything" ? [] : buckets,
      series: loses === "nothing" ? series : [],
    },
    ...(observations !== undefined && loses !== "raw" && loses !== "everything" && { observations }),
    ...(states !== undefined && loses !== "states" && loses !== "everything" && { states }),
  };
}

function everyOther<T>(entries: readonly T[]): T[] {
  return entries.filter((_, index) => index % 2 === 0);
}
