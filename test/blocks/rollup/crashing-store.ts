import type { Store, StoreWrite } from "../../../blocks/model/store.ts";
import type { Loss } from "./rollup-case.ts";

/** A store whose writes can be held up, or lost in part, as a crash would. */
export class CrashingStore implements Store {
  readonly newest: Store["newest"];
  readonly readObservations: Store["readObservations"];
  readonly readStates: Store["readStates"];
  readonly find: Store["find"];
  readonly close: Store["close"];
  readonly #inner: Store;
  #loses: Loss = "nothing";
  #holdsRaw = false;
  #release: (() => Promise<void>)[] = [];

  constructor(inner: Store) {
    this.#inner = inner;
    this.newest = (series) => inner.newest(series);
    this.readObservations = (ranges) => inner.readObservations(ranges);
    this.readStates = (period, ranges) => inner.readStates(period, ranges);
    this.find = (filter) => inner.find(filter);
    this.close = () => inner.close();
  }

  begin({ loses, holdsRaw }: { loses: Loss; holdsRaw: boolean }): void {
    this.#loses = loses;
    this.#holdsRaw = holdsRaw;
    this.#release = [];
  }

  async releaseRaw(): Promise<void> {
    for (const release of this.#release.splice(0)) await release();
  }

  write(write: StoreWrite): Promise<void> {
    const kept = what(write, this.#loses);
    if (write.observations === undefined || !this.#holdsRaw) return this.#inner.write(kept);
    return new Promise((resolve) => {
      this.#release.push(async () => resolve(await this.#inner.write(kept)));
    });
  }
}

function what({ observations, states }: StoreWrite, loses: Loss): StoreWrite {
  if (loses === "every other entry") {
    return { observations: everyOther(observations ?? []), states: everyOther(states ?? []) };
  }
  return {
    ...(observations !== undefined && loses !== "raw" && loses !== "everything" && { observations }),
    ...(states !== undefined && loses !== "states" && loses !== "everything" && { states }),
  };
}

function everyOther<T>(entries: readonly T[]): T[] {
  return entries.filter((_, index) => index % 2 === 0);
}
