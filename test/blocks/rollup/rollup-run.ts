import { builtInDerivators } from "../../../blocks/derivators/catalogue.ts";
import { ChunkBuilder } from "../../../blocks/model/chunk-builder.ts";
import type { Derivator } from "../../../blocks/model/derivator.ts";
import type { ObservationChunk } from "../../../blocks/model/observation-chunk.ts";
import { type Period, periodOf } from "../../../blocks/model/period.ts";
import { SeriesTable } from "../../../blocks/model/series.ts";
import type { Store, StoreWrite } from "../../../blocks/model/store.ts";
import { Cascade } from "../../../blocks/rollup/cascade.ts";
import { DerivatorSets } from "../../../blocks/rollup/derivator-set.ts";
import { Recorder } from "../../../blocks/rollup/recorder.ts";
import type { StateTable } from "../../../blocks/rollup/state-table.ts";
import { MemoryStore } from "../../../connectors/memory/store.ts";
import { Receipt } from "../../../runtime/receipt.ts";
import { CrashingStore } from "./crashing-store.ts";
import { type Entry, metrics, type RollupCase, type Step } from "./rollup-case.ts";
import { trail } from "./trail-derivator.ts";

/** What an engine is made of; a broken one has a part replaced. */
export interface EngineParts {
  readonly period: (label: string) => Period;
  readonly derivators: readonly Derivator[];
  /** What the engine sees of the store. */
  readonly seen: (store: Store) => Store;
  /** The buffer forgets what was delivered before it is durable. */
  readonly forgetsEarly: boolean;
}

export const soundParts: EngineParts = {
  period: (label) => periodOf(label),
  derivators: [...builtInDerivators, trail],
  seen: (store) => store,
  forgetsEarly: false,
};

/** Carries a case out step by step over `store`: chunks, flushes, kills and redeliveries. */
export async function roughRun(
  given: RollupCase,
  parts = soundParts,
  store: Store = new MemoryStore(),
): Promise<Store> {
  const crashing = new CrashingStore(store);
  const { entries } = given;
  let engine = new Engine(given, parts, crashing);
  let delivered = 0;
  let committed = 0;
  for (const step of given.steps) {
    const from = delivered;
    const chunks = step.chunks.flatMap((rows) => {
      const part = entries.slice(delivered, delivered + rows);
      delivered += part.length;
      return engine.chunksOf(part);
    });
    if (delivered > from) await engine.flush(chunks, step);
    if (step.killed !== undefined) {
      if (!parts.forgetsEarly) delivered = committed;
      engine = new Engine(given, parts, crashing);
    } else if (step.commits && engine.allDurable) committed = delivered;
  }
  await engine.flush(engine.chunksOf(entries.slice(delivered)), quietly);
  return store;
}

/** The same set of observations in order of time, in one flush of a sound engine. */
export async function quietRun(given: RollupCase): Promise<Store> {
  const entries = [...standing(given.entries)].sort((a, b) => a.time - b.time);
  return roughRun({ ...given, entries, hotSeriesMax: 1_000, steps: [] });
}

/** Of equal series and timestamps the one that entered last. */
export function standing(entries: readonly Entry[]): Entry[] {
  return [...new Map(entries.map((entry) => [`${entry.metric}/${entry.time}`, entry])).values()];
}

const quietly: Step = { chunks: [], rawFirst: true, lags: false, commits: true, killed: undefined };

/** A recorder and its cascades, driven as the message and the aggregation block drive them. */
class Engine {
  readonly #table = new SeriesTable();
  readonly #sets: DerivatorSets;
  readonly #store: CrashingStore;
  readonly #labels: readonly string[];
  readonly #recorder: Recorder;
  readonly #cascades: readonly Cascade[];
  /** Recorded, and not rolled up yet. */
  readonly #waiting: StateTable[] = [];

  constructor({ labels, hotSeriesMax }: RollupCase, parts: EngineParts, store: CrashingStore) {
    this.#labels = labels;
    this.#store = store;
    this.#sets = new DerivatorSets(parts.derivators);
    const shared = { table: this.#table, store: parts.seen(store), sets: this.#sets, hotSeriesMax };
    const [first, ...coarser] = labels.map(parts.period);
    this.#recorder = new Recorder({ ...shared, period: first });
    this.#cascades = coarser.map(
      (period, level) => new Cascade({ ...shared, period, finer: parts.period(labels[level] as string) }),
    );
  }

  get allDurable(): boolean {
    return this.#waiting.length === 0;
  }

  chunksOf(entries: readonly Entry[]): ObservationChunk[] {
    const builder = new ChunkBuilder(this.#table, 1);
    for (const { metric, time, value } of entries) {
      const { name, type } = metrics[metric] as (typeof metrics)[number];
      builder.add(this.#table.intern(name, { site: "north" }, type), time, value);
    }
    return builder.build(new Receipt(builder.rows, ignore, ignore));
  }

  async flush(chunks: readonly ObservationChunk[], { rawFirst, lags, killed }: Step): Promise<void> {
    while (this.#waiting.length > 1) await this.#rollUp();
    this.#store.begin({ loses: killed ?? "nothing", holdsRaw: !rawFirst });
    const { states, written } = await this.#recorder.record(chunks);
    if (rawFirst) await written;
    this.#waiting.push(states);
    while (!lags && this.#waiting.length > 0) await this.#rollUp();
    this.#store.releaseRaw();
    await written;
  }

  async #rollUp(): Promise<void> {
    let states = this.#waiting.shift() as StateTable;
    const writes = this.#writesOf(this.#labels[0] as string, states);
    for (const [level, cascade] of this.#cascades.entries()) {
      states = await cascade.compute(states);
      writes.push(...this.#writesOf(this.#labels[level + 1] as string, states));
    }
    await this.#store.write({ states: writes });
  }

  #writesOf(period: string, states: StateTable): NonNullable<StoreWrite["states"]>[number][] {
    const writes: NonNullable<StoreWrite["states"]>[number][] = [];
    for (let row = 0; row < states.length; row = states.endOfSeries(row)) {
      const series = this.#table.at(states.series[row] as number);
      const rows = states.rows(row, states.endOfSeries(row), series, this.#sets.of(series.type));
      writes.push({ series, period, rows });
    }
    return writes;
  }
}

function ignore(): void {}
