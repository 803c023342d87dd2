import { writeFileSync } from "node:fs";
import { settleAtRest } from "../../blocks/model/element-lines.ts";
import type { Store } from "../../blocks/model/store.ts";
import { embeddedStore } from "../../connectors/embedded/store.ts";
import { defineSink, defineStore, EngineError, record, Sink, type SinkElement } from "../../plugin.ts";
import type { Clock, Timer } from "../../runtime/clock/clock.ts";
import { heapAfterCollection } from "./heap-samples.ts";

// Loaded by the engine that the soak runs, as a plugin: parts that fail at random, so often as the environment says.
const meanMs = Number(process.env.SOAK_FAULT_MS ?? 0);
/** Where the engine tells what memory it uses: a line a second. */
const heapFile = process.env.SOAK_HEAP;

/** Says when the next fault is due: by time, so that a slow machine does not see fewer. */
class Faults {
  readonly #clock: Clock;
  #dueMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#dueMs = this.#next();
  }

  /** @throws {EngineError} where one is due. */
  mayFail(action: string): void {
    if (this.#clock.monotonic() < this.#dueMs) return;
    this.#dueMs = this.#next();
    throw new EngineError("CONNECTION_FAILED", `Cannot ${action} as chance has it so`);
  }

  #next(): number {
    if (meanMs === 0) return Number.POSITIVE_INFINITY;
    return this.#clock.monotonic() + 2 * meanMs * this.#clock.random();
  }
}

export const unsureSink = defineSink({
  type: "soak/unsure-sink",
  summary: "Takes everything, and fails at random.",
  accepts: ["observations", "aggregations"],
  settings: record({}),
  async open(_settings, { clock }) {
    const faults = new Faults(clock);
    return Sink.foreach<SinkElement>((element) => {
      faults.mayFail("take an element");
      settleAtRest(element);
    });
  },
});

export const unsureStore = defineStore({
  type: "soak/unsure-store",
  summary: "The embedded store, whose writes fail at random, before or after they are done.",
  settings: embeddedStore.settings,
  async open(settings, context) {
    const { clock } = context;
    const store = await embeddedStore.open(settings, context);
    const [before, behind] = [new Faults(clock), new Faults(clock)];
    let timer: Timer | undefined;
    const sample = () => {
      if (heapFile !== undefined) writeFileSync(heapFile, `${heapAfterCollection()}\n`, { flag: "a" });
      timer = clock.after(1_000, sample);
    };
    sample();
    const overridden: Partial<Store> = {
      async write(what) {
        before.mayFail("write");
        await store.write(what);
        behind.mayFail("confirm a write");
      },
      async close() {
        timer?.cancel();
        await store.close();
      },
    };
    return new Proxy(store, {
      get(target, key) {
        const value: unknown = Reflect.get(overridden, key) ?? Reflect.get(target, key, target);
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      },
    });
  },
  ...(embeddedStore.openReadOnly === undefined ? {} : { openReadOnly: embeddedStore.openReadOnly }),
  engineAddress: async (settings) => embeddedStore.engineAddress?.(settings),
});
