import { type BackfillPiece, type BackfillPlace, backfillPiece } from "../../../blocks/backfill/backfill.ts";
import { deleteObservations } from "../../../blocks/deletion/delete-observations.ts";
import { builtInDerivators, namedDerivators } from "../../../blocks/derivators/catalogue.ts";
import type { BucketRules } from "../../../blocks/model/bucket-rules.ts";
import { ChunkBuilder } from "../../../blocks/model/chunk-builder.ts";
import type { Derivator } from "../../../blocks/model/derivator.ts";
import type { ObservationChunk } from "../../../blocks/model/observation-chunk.ts";
import { type Period, periodOf } from "../../../blocks/model/period.ts";
import { SeriesTable } from "../../../blocks/model/series.ts";
import type { Store, StoreWrite } from "../../../blocks/model/store.ts";
import { Cascade } from "../../../blocks/rollup/cascade.ts";
import { DerivatorFailures } from "../../../blocks/rollup/derivator-failures.ts";
import { DerivatorSets } from "../../../blocks/rollup/derivator-set.ts";
import { Recorder, type Recording } from "../../../blocks/rollup/recorder.ts";
import type { StateTable } from "../../../blocks/rollup/state-table.ts";
import { MemoryStore } from "../../../connectors/memory/store.ts";
import { Receipt } from "../../../runtime/receipt.ts";
import { CrashingStore } from "./crashing-store.ts";
import { type Deletion, type Entry, type Loss, metrics, type RollupCase, type Step } from "./rollup-case.ts";
import { batchOf } from "./row-batch.ts";
import { trail } from "./trail-derivator.ts";

/** What an engine is made of; a broken one has a part replaced. */
export interface EngineParts {
  readonly period: (label: string, rules: BucketRules) => Period;
  readonly derivators: readonly Derivator[];
  /** What the engine sees of the store. */
  readonly seen: (store: Store) => Store;
  /** The buffer forgets what was delivered before it is durable. */
  readonly forgetsEarly: boolean;
  /** Rows from which on the compiled kernel works; absent: as a graph has it. */
  readonly kernelRows?: number;
  /** Series from which on a batch is recorded in parts; absent: as a graph has it. */
  readonly partSeriesMax?: number;
}

export const soundParts: EngineParts = {
  period: periodOf,
  derivators: [...builtInDerivators, ...namedDerivators, trail],
  seen: (store) => store,
  forgetsEarly: false,
};

/** Derivators that were named late: from one step on the engine has them, and a piece of a backfill follows each step. */
export interface NamedLate {
  readonly names: readonly string[];
  readonly step: number;
  readonly pointsMax: number;
  readonly loses: Loss;
}

export interface RoughRun {
  readonly store: Store;
  /** The observations that should be there at the end, in the order in which they entered. */
  readonly left: readonly Entry[];
}

/** Carries a case out step by step over `store`: chunks, flushes, kills, redeliveries and deletions. */
export async function roughRun(
  given: RollupCase,
  parts = soundParts,
  store: Store = new MemoryStore(),
  late?: NamedLate,
): Promise<RoughRun> {
  const crashing = new CrashingStore(store);
  const { entries } = given;
  const before = { ...parts, derivators: parts.derivators.filter(({ name }) => !late?.names.includes(name)) };
  const partsAt = (step: number) => (late !== undefined && step < late.step ? before : parts);
  let engine = new Engine(given, partsAt(0), crashing);
  let place: BackfillPlace | undefined;
  let delivered = 0;
  let committed = 0;
  let left: Entry[] = [];
  let counted = 0;
  for (const [index, step] of given.steps.entries()) {
    if (index === late?.step) {
      delivered = committed;
      engine = new Engine(given, parts, crashing);
    }
    const from = delivered;
    const chunks = step.chunks.flatMap((rows) => {
      const part = entries.slice(delivered, delivered + rows);
      delivered += part.length;
      return engine.chunksOf(part);
    });
    if (delivered > from) await engine.flush(chunks, step);
    if (step.killed !== undefined) {
      if (!parts.forgetsEarly) delivered = committed;
      engine = new Engine(given, partsAt(index), crashing);
    } else if (step.commits && engine.allDurable) committed = delivered;
    if (late !== undefined && index >= late.step) {
      await engine.rest();
      committed = delivered;
      ({ next: place } = await engine.backfill(late, place));
      engine = new Engine(given, parts, crashing);
    }
    if (step.deletes === undefined || entries.length === 0) continue;
    // What was read is at rest and committed before anything is deleted.
    await engine.rest();
    committed = delivered;
    left = withoutDeleted([...left, ...entries.slice(counted, delivered)], step.deletes, given);
    counted = delivered;
    await engine.delete(step.deletes);
    engine = new Engine(given, partsAt(index), crashing);
  }
  await engine.flush(engine.chunksOf(entries.slice(delivered)), quietly);
  if (late !== undefined) {
    await engine.rest();
    engine = new Engine(given, parts, crashing);
    do ({ next: place } = await engine.backfill(late, place));
    while (place !== undefined);
  }
  return { store, left: standing([...left, ...entries.slice(counted)]) };
}

/** The same set of observations in order of time, in one flush of a sound engine. */
export async function quietRun(
  given: RollupCase,
  left: readonly Entry[] = standing(given.entries),
  parts = soundParts,
): Promise<Store> {
  const entries = [...left].sort((a, b) => a.time - b.time);
  return (await roughRun({ ...given, entries, hotSeriesMax: 1_000, steps: [] }, parts)).store;
}

/** What the stores of a case keep its periods under. */
export function keysOf({ labels, rules }: RollupCase): string[] {
  return labels.map((label) => periodOf(label, rules).key);
}

function withoutDeleted(entries: readonly Entry[], deletion: Deletion, given: RollupCase): Entry[] {
  const { metric, from, to } = rangeOf(deletion, given);
  return entries.filter((entry) => entry.metric !== metric || entry.time < from || entry.time >= to);
}

function rangeOf({ entry, before, length }: Deletion, { entries }: RollupCase) {
  const { metric, time } = entries[entry % entries.length] as Entry;
  if (length === undefined) return { metric, from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };
  return { metric, from: time - before, to: time - before + length };
}

/** Of equal series and timestamps the one that entered last. */
export function standing(entries: readonly Entry[]): Entry[] {
  return [...new Map(entries.map((entry) => [`${entry.metric}/${entry.time}`, entry])).values()];
}

const quietly: Step = { chunks: [], rawFirst: true, lags: false, commits: true, killed: undefined, deletes: undefined };

/** A recorder and its cascades, driven as the message and the aggregation block drive them. */
class Engine {
  readonly #table = new SeriesTable();
  readonly #sets: DerivatorSets;
  readonly #derivators: readonly Derivator[];
  readonly #store: CrashingStore;
  readonly #seen: Store;
  readonly #given: RollupCase;
  readonly #periods: readonly Period[];
  readonly #recorder: Recorder;
  readonly #cascades: readonly Cascade[];
  /** Recorded, and not rolled up yet. */
  readonly #waiting: Pick<Recording, "states" | "newestBefore">[] = [];

  constructor(given: RollupCase, parts: EngineParts, store: CrashingStore) {
    const { labels, rules, hotSeriesMax } = given;
    this.#given = given;
    this.#store = store;
    this.#derivators = parts.derivators;
    this.#sets = new DerivatorSets(parts.derivators);
    this.#seen = parts.seen(store);
    const shared = { table: this.#table, store: this.#seen, sets: this.#sets, hotSeriesMax };
    this.#periods = labels.map((label) => parts.period(label, rules));
    const [first, ...coarser] = this.#periods;
    const { kernelRows, partSeriesMax } = parts;
    this.#recorder = new Recorder({
      ...{ ...shared, period: first },
      ...(kernelRows !== undefined && { kernelRows }),
      ...(partSeriesMax !== undefined && { partSeriesMax }),
    });
    this.#cascades = coarser.map(
      (period, level) => new Cascade({ ...shared, period, finer: this.#periods[level] as Period }),
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
    let part: (() => Promise<Recording>) | undefined = () => this.#recorder.record(batchOf(this.#recorder, chunks));
    while (part !== undefined) {
      const recording: Recording = await part();
      const { written } = recording;
      if (rawFirst) await written;
      this.#waiting.push(recording);
      while (!lags && this.#waiting.length > 0) await this.#rollUp();
      this.#store.releaseRaw();
      await written;
      part = recording.rest;
    }
  }

  /** Whatever waits is rolled up. */
  async rest(): Promise<void> {
    this.#store.begin({ loses: "nothing", holdsRaw: false });
    while (this.#waiting.length > 0) await this.#rollUp();
  }

  async delete(deletion: Deletion): Promise<void> {
    const { metric, from, to } = rangeOf(deletion, this.#given);
    const filter = { metric: (metrics[metric] as (typeof metrics)[number]).name, tags: new Map<string, string>() };
    const request = deletion.length === undefined ? { filter } : { filter, ranges: [{ from, to }] };
    const kept = { chains: [this.#periods], sets: this.#sets };
    for (const loses of [deletion.loses, "nothing"] as const) {
      this.#store.begin({ loses, holdsRaw: false });
      await deleteObservations(this.#seen, request, kept);
    }
  }

  /** One piece, at the second try where the first one was lost in part. */
  async backfill({ names, pointsMax, loses }: NamedLate, after: BackfillPlace | undefined): Promise<BackfillPiece> {
    const times = this.#given.entries.map(({ time }) => time);
    const range = { from: Math.min(...times), to: Math.max(...times) + 1 };
    const request = { filter: { tags: new Map() }, ...range, pointsMax, after };
    const wanted = new DerivatorSets(this.#derivators.filter(({ name }) => names.includes(name)));
    const failures = new DerivatorFailures("backfill");
    const context = { chains: [this.#periods], sets: this.#sets, wanted, failures, isOver: () => true };
    this.#store.begin({ loses, holdsRaw: false });
    await backfillPiece(this.#seen, request, context);
    this.#store.begin({ loses: "nothing", holdsRaw: false });
    return backfillPiece(this.#seen, request, context);
  }

  async #rollUp(): Promise<void> {
    const { newestBefore, ...recording } = this.#waiting.shift() as Recording;
    let { states } = recording;
    const writes = this.#writesOf(0, states);
    for (const [level, cascade] of this.#cascades.entries()) {
      states = await cascade.compute(states, newestBefore);
      writes.push(...this.#writesOf(level + 1, states));
    }
    await this.#store.write({ states: writes });
  }

  #writesOf(level: number, states: StateTable): NonNullable<StoreWrite["states"]>[number][] {
    const period = (this.#periods[level] as Period).key;
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
