import { record, type SettingsOf } from "../config/declare.ts";
import { Receipt } from "../runtime/receipt.ts";
import { GraphStage, GraphStageLogic, Inlet, Outlet, type Shape } from "../runtime/streams/graph-stage.ts";
import { AggregationChunk } from "./model/aggregation.ts";
import { type BlockContext, defineBlock } from "./model/component.ts";
import { type DeadLetter, DeadLetterChunk } from "./model/dead-letter.ts";
import { type Period, periodOf } from "./model/period.ts";
import type { Series, SeriesTable } from "./model/series.ts";
import type { BucketResult, StateRows, StatesWrite, Store } from "./model/store.ts";
import { aggregationsOf, bucketResults } from "./rollup/aggregations.ts";
import { Cascade } from "./rollup/cascade.ts";
import { chosenDerivators } from "./rollup/chosen.ts";
import { DerivatorFailures, failHere, type OnFailure } from "./rollup/derivator-failures.ts";
import type { DerivatorSet, DerivatorSets } from "./rollup/derivator-set.ts";
import { aggregatorsSetting, derivatorsSetting, hotSeriesSetting, storeSetting } from "./rollup/settings.ts";
import { isLarge } from "./rollup/group-by-series.ts";
import { receiverGone } from "./rollup/recording-logic.ts";
import { settleStates } from "./rollup/settle-states.ts";
import type { StateTable } from "./rollup/state-table.ts";
import type { BucketUpdates } from "./rollup/updates.ts";
import type { SeriesRevisions } from "./rollup/write-revisions.ts";

const settings = record({
  store: storeSetting(),
  aggregators: aggregatorsSetting(),
  derivators: derivatorsSetting(),
  hot_series: hotSeriesSetting(),
});

type Settings = SettingsOf<typeof settings>;

class AggregationShape implements Shape {
  readonly in = new Inlet<BucketUpdates>("in");
  readonly aggregations: Outlet<AggregationChunk> | undefined;
  readonly rejected: Outlet<DeadLetterChunk> | undefined;

  constructor(outlets: ReadonlySet<string>) {
    this.aggregations = outlets.has("aggregations") ? new Outlet("aggregations") : undefined;
    this.rejected = outlets.has("rejected") ? new Outlet("rejected") : undefined;
  }

  get inlets() {
    return [this.in];
  }

  get outlets() {
    return [this.aggregations, this.rejected].filter((outlet) => outlet !== undefined);
  }
}

/**
 * Stores the buckets of the first period, computes those of the others level by level, and publishes them.
 *
 * Emits:         one chunk of aggregations per update, once they are durable. `rejected`: a dead letter for each derivator that
 *                failed at buckets of the update.
 * Backpressures: while an update is computed; until it is written, or, where the store's writes count in order, until the one
 *                before it is; and when downstream does.
 * Completes:     when upstream completes and the last update is durable and published.
 * Cancels:       when `rejected` cancels it fails; a subscriber of `aggregations` may leave.
 * State:         one update, or two that are written one behind the other; one hot bucket per series and period, at most `hot_series`, then read back from the store.
 * Delivery:      the receipts of an update are held until its buckets are durable at every period.
 */
class AggregationStage extends GraphStage<AggregationShape> {
  readonly shape: AggregationShape;
  readonly #settings: Settings;
  readonly #context: BlockContext;
  readonly #sets: DerivatorSets;
  readonly #failures: DerivatorFailures;

  constructor(given: Settings, context: BlockContext, sets: DerivatorSets) {
    super();
    this.#failures = new DerivatorFailures(context.node);
    this.shape = new AggregationShape(context.outlets);
    this.#settings = given;
    this.#context = context;
    this.#sets = sets;
  }

  createLogic(): AggregationLogic {
    const { aggregators, store, hot_series } = this.#settings;
    const periods = aggregators.map((label) => periodOf(label, this.#context.buckets));
    const cascades = periods.slice(1).map(
      (period, level) =>
        new Cascade({
          period,
          finer: periods[level] as Period,
          table: this.#context.table,
          store: this.#context.store(store),
          sets: this.#sets,
          hotSeriesMax: hot_series,
          failures: this.#failures,
        }),
    );
    const [first] = periods;
    const parts = { store, first, context: this.#context, sets: this.#sets, failures: this.#failures };
    return new AggregationLogic(this.shape, parts, cascades);
  }
}

interface Given {
  readonly store: string;
  /** Absent where there are no periods: then nothing comes in. */
  readonly first: Period | undefined;
  readonly context: BlockContext;
  readonly sets: DerivatorSets;
  readonly failures: DerivatorFailures;
}

/** The buckets of one period that an update touched. */
interface Level {
  readonly period: Period;
  readonly states: StateTable;
}

interface StoredLevels {
  readonly levels: readonly Level[];
  /** What derivators failed at. */
  readonly letters: readonly DeadLetter[];
}

/** What the writes of one level have in common. */
interface WrittenLevel extends Level {
  readonly sets: DerivatorSets;
  readonly failedAt: (series: Series, period: Period, start: number) => OnFailure;
}

/** Two writes are in memory. */
const writesMax = 16_384;

/** Buckets of one series and period: rows `from` to `to` of the states. There are as many as series, so each is small. */
class SeriesStatesWrite implements StatesWrite {
  readonly series: Series;
  readonly revision: number | undefined;
  readonly #level: WrittenLevel;
  readonly #from: number;
  readonly #to: number;
  /** Encoded at once, while what fails is known to be of this update. */
  readonly #encoded: StateRows | undefined;

  constructor(level: WrittenLevel, series: Series, from: number, to: number, revision: number | undefined) {
    this.series = series;
    this.revision = revision;
    this.#level = level;
    this.#from = from;
    this.#to = to;
    const set = level.sets.of(series.type);
    this.#encoded = set.empty ? undefined : level.states.rows(from, to, series, set, this.#failed(set));
  }

  get period(): string {
    return this.#level.period.key;
  }

  /** Views are made for a store that asks for them: a write may hold hundreds of thousands. */
  get rows(): StateRows {
    const { series } = this;
    const { states, sets } = this.#level;
    return this.#encoded ?? states.rows(this.#from, this.#to, series, sets.of(series.type));
  }

  results(row: number): BucketResult[] {
    const { series } = this;
    const { states, period, sets } = this.#level;
    const set = sets.of(series.type);
    return bucketResults(states, this.#from + row, series, period, set, this.#failed(set));
  }

  #failed(set: DerivatorSet): OnFailure {
    const { states, period, failedAt } = this.#level;
    return set.empty ? failHere : failedAt(this.series, period, states.start[this.#from] as number);
  }
}

/**
 * Adds the writes of a level from row `row` of its states on, until there are `writesMax`. @returns behind the last row.
 *
 * A function of its own, as `#write` loses what was compiled for it when a graph that it was compiled for is collected.
 */
function addWrites(
  level: WrittenLevel,
  row: number,
  table: SeriesTable,
  revisionOf: SeriesRevisions,
  writes: StatesWrite[],
): number {
  const { states } = level;
  let from = row;
  while (from < states.length && writes.length < writesMax) {
    const to = states.endOfSeries(from);
    const series = table.at(states.series[from] as number);
    writes.push(new SeriesStatesWrite(level, series, from, to, revisionOf(series.index)));
    from = to;
  }
  return from;
}

class AggregationLogic extends GraphStageLogic {
  readonly #ports: AggregationShape;
  readonly #given: Given;
  readonly #context: BlockContext;
  readonly #sets: DerivatorSets;
  readonly #cascades: readonly Cascade[];
  readonly #failures: DerivatorFailures;
  #computing = false;
  /** The last update has too many buckets for a second one beside it. */
  #large = false;
  /** Updates that are computed or written. */
  #underWay = 0;
  /** Resolves when all that was computed so far is stored, or has failed. */
  #stored: Promise<unknown> = Promise.resolve();
  /** Letters of the update that is computed. */
  readonly #letters: DeadLetter[] = [];
  readonly #waiting: AggregationChunk[] = [];

  constructor(ports: AggregationShape, given: Given, cascades: readonly Cascade[]) {
    super(ports);
    this.#ports = ports;
    this.#given = given;
    this.#context = given.context;
    this.#sets = given.sets;
    this.#failures = given.failures;
    this.#cascades = cascades;
    this.setHandler(ports.in, {
      onPush: () => this.#begin(this.grab(ports.in)),
      onUpstreamFinish: () => this.#goOn(),
    });
    if (ports.aggregations !== undefined) {
      this.setHandler(ports.aggregations, { onPull: () => this.#goOn(), onDownstreamFinish: () => this.#goOn() });
    }
    if (ports.rejected !== undefined) {
      this.setHandler(ports.rejected, {
        onPull: () => this.#goOn(),
        onDownstreamFinish: () => this.failStage(receiverGone("rejected")),
      });
    }
  }

  override preStart(): void {
    this.setKeepGoing(true);
    this.#goOn();
  }

  #begin(updates: BucketUpdates): void {
    this.#computing = true;
    this.#large = isLarge(updates.states.length);
    this.#underWay += 1;
    const computed = this.getAsyncCallback(() => {
      this.#computing = false;
      this.#goOn();
    });
    const done = this.getAsyncCallback((stored: StoredLevels) => this.#done(updates, stored));
    const failed = this.getAsyncCallback((error: Error) => this.failStage(error));
    this.#computeAndWrite(updates, () => computed(undefined)).then(done, failed);
  }

  /** @param handedOver Called when the store has been given all: the next update may be computed. */
  async #computeAndWrite(updates: BucketUpdates, handedOver: () => void): Promise<StoredLevels> {
    const levels = await this.#compute(updates, this.#stored);
    const { stored } = await this.#write(updates, levels);
    this.#stored = stored.catch(() => {});
    const letters = [...this.#letters.splice(0), ...this.#failures.take(this.clock.now())];
    handedOver();
    await stored;
    return { levels, letters };
  }

  /** @param before Resolves when what was computed before is stored, or has failed. */
  async #compute({ states: first, newestBefore }: BucketUpdates, before: Promise<unknown>): Promise<Level[]> {
    const levels: Level[] = [{ period: this.#given.first as Period, states: first }];
    let finer = first;
    for (const cascade of this.#cascades) {
      finer = await cascade.compute(finer, newestBefore, before);
      levels.push({ period: cascade.period, states: finer });
    }
    if (this.#publishes) for (const { states, period } of levels) await this.#withResults(states, period);
    return levels;
  }

  /**
   * Gives the store a write for so many series and periods, so that those of a large update are not all in memory.
   *
   * @returns once it has the last one.
   */
  async #write({ revisionOf }: BucketUpdates, levels: readonly Level[]): Promise<{ stored: Promise<void> }> {
    let stored = Promise.resolve();
    let states: StatesWrite[] = [];
    const give = async () => {
      const before = stored;
      stored = this.#store.write({ states });
      // It may fail before its turn comes to be heard.
      stored.catch(() => {});
      states = [];
      await before;
    };
    const { table } = this.#context;
    const failedAt = (series: Series, period: Period, start: number) => this.#failedAt(series, period, start);
    for (const { period, states: rows } of levels) {
      const written = { period, states: rows, sets: this.#sets, failedAt };
      for (let row = 0; row < rows.length; ) {
        row = addWrites(written, row, table, revisionOf, states);
        if (states.length === writesMax) await give();
      }
    }
    await give();
    return { stored };
  }

  get #store(): Store {
    return this.#context.store(this.#given.store);
  }

  #failedAt(series: Series, { label }: Period, start: number): OnFailure {
    return this.#failures.at(() => ({ series, period: label, start }));
  }

  get #publishes(): boolean {
    const { aggregations } = this.#ports;
    return aggregations !== undefined && !this.isClosed(aggregations);
  }

  /** Heavy derivators give their results in their threads too. */
  #withResults(states: StateTable, period: Period): Promise<unknown> | undefined {
    const failed = (series: Series, start: number) => this.#failedAt(series, period, start);
    return settleStates(states, this.#context.table, this.#sets, period, failed);
  }

  #done({ receipts }: BucketUpdates, { levels, letters }: StoredLevels): void {
    this.#underWay -= 1;
    const now = this.clock.now();
    // They are of the update that is computed meanwhile.
    if (this.#computing) this.#letters.push(...this.#failures.take(now));
    const values = this.#publishes
      ? levels.flatMap(({ period, states }) =>
          aggregationsOf(states, period, this.#context.table, this.#sets, this.#failures),
        )
      : undefined;
    this.#reject([...letters, ...this.#failures.take(now)], receipts);
    if (values === undefined) for (const receipt of receipts) receipt.release();
    else this.#waiting.push(new AggregationChunk(values, Receipt.joined(receipts)));
    this.#goOn();
  }

  /** Hands on what derivators failed at, with a hold of its own. */
  #reject(letters: readonly DeadLetter[], [receipt]: readonly Receipt[]): void {
    const { rejected } = this.#ports;
    if (letters.length === 0 || receipt === undefined || rejected === undefined) return;
    receipt.added(letters.length);
    for (const { code } of letters) receipt.deadLettered(code, 1);
    receipt.hold();
    this.emit(rejected, new DeadLetterChunk(letters, receipt));
  }

  #goOn(): void {
    const { in: inlet, rejected } = this.#ports;
    this.#publish();
    const held = this.#underWay + this.#waiting.length;
    if (this.isClosed(inlet)) {
      if (held === 0) this.completeStage();
      return;
    }
    const heldMax = this.#store.writesInOrder === true && !this.#large ? 2 : 1;
    if (this.#computing || held >= heldMax || this.hasBeenPulled(inlet)) return;
    // No update is begun before the letters of those before it are taken.
    if (rejected === undefined || this.isAvailable(rejected)) this.pull(inlet);
  }

  /** Hands on what is stored, as far as it is wanted. */
  #publish(): void {
    const { aggregations } = this.#ports;
    const [first] = this.#waiting;
    if (first === undefined || aggregations === undefined) return;
    if (this.isClosed(aggregations)) for (const { receipt } of this.#waiting.splice(0)) receipt.release();
    else if (this.isAvailable(aggregations)) {
      this.#waiting.shift();
      this.push(aggregations, first);
    }
  }
}

export const aggregationBlock = defineBlock({
  type: "aggregation",
  summary: "Stores the buckets of every period, and publishes them.",
  accepts: ["updates"],
  outlets: { aggregations: "aggregations", rejected: "dead-letters" },
  bounds: false,
  settings,
  open(given, context) {
    const { derivators, node, heavy } = context;
    return new AggregationStage(given, context, chosenDerivators(given.derivators, derivators, node, heavy));
  },
});
